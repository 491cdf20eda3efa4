using System.Collections.Concurrent;
using Etr.Dashboard.Control;

namespace Etr.Dashboard.Tests.Hosting;

/// <summary>Takes down what it is asked to do.</summary>
internal sealed class ScriptedActions : IClusterActions, IDisposable
{
    private readonly ConcurrentQueue<string> _done = new();
    private readonly SemaphoreSlim _any = new(0);

    public IReadOnlyList<string> Done => [.. _done];

    /// <summary>What every action answers with; null does it.</summary>
    public Exception? Failure { get; set; }

    /// <summary>What every action waits for, as a cluster takes its time; null answers at once.</summary>
    public Task? Hold { get; set; }

    public Task<(string Run, string Problem)> StartAsync(string configurationJson, CancellationToken cancellationToken) =>
        Task.FromResult(Failure is null ? (Note($"start {configurationJson.Length > 0}"), "") : ("", Failure.Message));

    public Task PauseAsync(string run, string reason, CancellationToken cancellationToken) => Do($"pause {run}: {reason}", cancellationToken);

    public Task ResumeAsync(string run, CancellationToken cancellationToken) => Do($"resume {run}", cancellationToken);

    public Task StopAsync(string run, string reason, CancellationToken cancellationToken) => Do($"stop {run}: {reason}", cancellationToken);

    public Task DrainAsync(string silo, string reason, CancellationToken cancellationToken) => Do($"drain {silo}: {reason}", cancellationToken);

    /// <summary>Waits until so many things were done.</summary>
    public async Task WhenDoneAsync(int count)
    {
        while (_done.Count < count)
            Assert.True(await _any.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken), $"{_done.Count} of {count} things were done");
    }

    private string Note(string what)
    {
        _done.Enqueue(what);
        _any.Release();
        return "new-run";
    }

    public void Dispose() => _any.Dispose();

    private async Task Do(string what, CancellationToken cancellationToken)
    {
        if (Failure is not null)
            throw Failure;
        Note(what);
        if (Hold is not null)
            await Hold.WaitAsync(cancellationToken);
    }
}
