using System.Diagnostics;
using System.Globalization;
using Etr.Benchmarks.Clusters;
using Etr.Dashboard;
using Etr.Dashboard.Access;
using Etr.Dashboard.Control;
using Etr.Dashboard.Reading;
using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Feed;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Etr.Benchmarks.Dashboard;

/// <summary>
/// The dashboard as a process of its own over a cluster that is only told of: its pages, aggregator and circuits are the product's, its
/// run is <see cref="PromptTraffic"/>, its grains answer at once. It says <c>READY URL</c> and answers <c>memory</c> on its standard
/// input until that ends.
/// </summary>
internal static class SyntheticServer
{
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        int prompts = arguments.Number("--prompts", 1024);
        int speed = arguments.Number("--speed", 1);
        TimeProvider time = speed == 1 ? TimeProvider.System : new ScaledTime(speed);
        var runs = new ScriptedRuns { Entries = [Samples.Entry()], Status = Samples.Status() };
        for (int prompt = 0; prompt < prompts; prompt++)
            runs.Prompts[prompt] = Samples.Prompt(prompt);
        await using WebApplication app = Build(runs, time);
        await app.StartAsync();
        using var traffic = new PromptTraffic(app.Services.GetRequiredService<RolloutFeed>(), prompts, arguments.Number("--hertz", 5), time);
        traffic.Start();
        await using ITimer steps = time.CreateTimer(_ => Commit(runs), null, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(5));
        Console.WriteLine($"READY {app.Urls.First()}");
        while (Console.ReadLine() is { } asked)
        {
            if (asked == "memory")
                Console.WriteLine(Memory(traffic));
        }

        await app.StopAsync();
        return 0;
    }

    private static WebApplication Build(ScriptedRuns runs, TimeProvider time)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(time);
        builder.Services.AddSingleton<IRunReader>(runs);
        builder.Services.AddSingleton<IClusterActions, NoActions>();
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        builder.Services.AddEtrDashboard();
        builder.Services.AddEtrAccess(new AccessOptions());
        WebApplication app = builder.Build();
        app.UseEtrAccess();
        app.MapEtrDashboard();
        return app;
    }

    // Runs that are looked at are read from their newest step on: the others are the history's own to keep.
    private static void Commit(ScriptedRuns runs)
    {
        int step = runs.Status!.Step + 1;
        runs.Steps = [.. runs.Steps.TakeLast(50), Samples.Lively(step)];
        runs.Status = runs.Status with { Step = step, Steps = 1_000_000, LastStep = runs.Steps[^1] };
    }

    private static string Memory(PromptTraffic traffic)
    {
        for (int i = 0; i < 2; i++)
        {
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            GC.WaitForPendingFinalizers();
        }

        using Process self = Process.GetCurrentProcess();
        return string.Create(CultureInfo.InvariantCulture, $"{GC.GetTotalMemory(forceFullCollection: true)} {self.WorkingSet64} {traffic.Published}");
    }
}
