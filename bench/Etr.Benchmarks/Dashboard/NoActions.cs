using Etr.Dashboard.Control;

namespace Etr.Benchmarks.Dashboard;

/// <summary>A cluster in which nothing can be done: the benchmark only looks.</summary>
internal sealed class NoActions : IClusterActions
{
    public Task<(string Run, string Problem)> StartAsync(string configurationJson, CancellationToken cancellationToken) => Task.FromResult(("", "nothing is started here"));

    public Task PauseAsync(string run, string reason, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task ResumeAsync(string run, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(string run, string reason, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task DrainAsync(string silo, string reason, CancellationToken cancellationToken) => Task.CompletedTask;
}
