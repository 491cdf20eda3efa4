using System.Diagnostics;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;

namespace Etr.Policy.Tests.Rollouts.Cpu;

/// <summary>The CPU engine in a process of its own: this test's process has libtorch loaded by others.</summary>
public sealed class WithoutLibtorchTests
{
    private const string Child = "ETR_TEST_WITHOUT_LIBTORCH";

    [Fact]
    public async Task The_cpu_engine_draws_without_loading_libtorch()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the loaded libraries are read from /proc");
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["-method", $"*.{nameof(As_a_process_of_its_own)}", "-noColor"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment[Child] = "1";

        using Process child = Process.Start(start)!;
        string output = await child.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await child.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(child.ExitCode == 0, output);
        Assert.Contains("Total: 1, Errors: 0, Failed: 0, Skipped: 0", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task As_a_process_of_its_own()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable(Child) == "1", "run by the test above");
        string folder = CpuDecoderTests.ShippedModel();
        string file = Path.Combine(folder, ModelFiles.Weights);
        var policy = new PolicyRef(0, file, Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(file, TestContext.Current.CancellationToken))));
        await using IRolloutEngine engine = RolloutEngines.Create(new PolicyOptions { Path = folder, Engine = "cpu", Threads = 2 }, new EngineClock(TimeProvider.System));
        var observer = new RecordingObserver(2);
        await engine.SubmitAsync(
            new RolloutRequest("[A]71)+52)-03)*24)+9?", 0, 0, 7, policy, new SamplingOptions(), [new RolloutSlot(0, []), new RolloutSlot(1, [])], observer, CancellationToken.None),
            TestContext.Current.CancellationToken);
        await observer.Done;

        Assert.Null(observer.Failure);
        Assert.NotEmpty(observer.Trace(0));
        Assert.DoesNotContain("libtorch", await File.ReadAllTextAsync("/proc/self/maps", TestContext.Current.CancellationToken), StringComparison.OrdinalIgnoreCase);
    }
}
