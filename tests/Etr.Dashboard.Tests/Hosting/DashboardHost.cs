using Etr.Dashboard.Access;
using Etr.Dashboard.Control;
using Etr.Dashboard.Reading;
using Etr.Grains.Feed;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Etr.Dashboard.Tests.Hosting;

/// <summary>The dashboard behind a real server on a port of its own, over a scripted cluster.</summary>
internal sealed class DashboardHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Stack<IAsyncDisposable> _guests = [];

    private DashboardHost(WebApplication app, ScriptedRuns runs, ScriptedActions actions) => (_app, Runs, Actions) = (app, runs, actions);

    public ScriptedRuns Runs { get; }

    public ScriptedActions Actions { get; }

    public RolloutFeed Feed => _app.Services.GetRequiredService<RolloutFeed>();

    public string Address => _app.Urls.First();

    public static async Task<DashboardHost> StartAsync(
        string url = "http://127.0.0.1:0", AccessOptions? access = null, IDataProtectionProvider? protection = null, TimeProvider? time = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration().UseUrls(url);
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        var runs = new ScriptedRuns();
        builder.Services.AddSingleton<IRunReader>(runs);
        var actions = new ScriptedActions();
        builder.Services.AddSingleton<IClusterActions>(actions);
        builder.Services.AddDataProtection().UseEphemeralDataProtectionProvider();
        if (protection is not null)
            builder.Services.AddSingleton(protection);
        if (time is not null)
            builder.Services.AddSingleton(time);
        builder.Services.AddEtrDashboard();
        builder.Services.AddEtrAccess(access ?? new AccessOptions());
        var app = builder.Build();
        app.UseEtrAccess();
        app.MapGet("/metrics", () => "figures");
        app.MapEtrDashboard();
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new DashboardHost(app, runs, actions);
    }

    /// <summary>Browsers go before their server does, or they would keep calling for it.</summary>
    public void CloseFirst(IAsyncDisposable guest) => _guests.Push(guest);

    public async ValueTask DisposeAsync()
    {
        while (_guests.TryPop(out var guest))
            await guest.DisposeAsync();
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}
