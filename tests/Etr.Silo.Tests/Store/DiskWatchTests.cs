using Etr.Grains.Runs;
using Etr.Silo.Store;
using Microsoft.Extensions.Logging.Abstractions;

namespace Etr.Silo.Tests.Store;

public sealed class DiskWatchTests
{
    private readonly Runs _runs = new();
    private long _free = 1L << 40;

    [Fact]
    public async Task A_disk_that_fills_pauses_running_runs_and_says_why()
    {
        _runs.States["a"] = (RunState.Running, "");
        _runs.States["b"] = (RunState.Completed, "");

        _free = 100L << 20;
        await LookAsync();

        Assert.Equal(RunState.Paused, _runs.States["a"].State);
        Assert.Contains("no room on the disk: 100 MiB are free", _runs.States["a"].Reason, StringComparison.Ordinal);
        Assert.Equal(RunState.Completed, _runs.States["b"].State);
    }

    [Fact]
    public async Task With_room_again_it_goes_on_by_itself_but_not_what_a_person_paused()
    {
        _runs.States["a"] = (RunState.Running, "");
        _runs.States["mine"] = (RunState.Paused, "paused by a person");
        _free = 1L << 20;
        await LookAsync();

        // A little room is no room yet: or it would stop and go.
        _free = 200L << 20;
        await LookAsync();
        Assert.Equal(RunState.Paused, _runs.States["a"].State);

        _free = 300L << 20;
        await LookAsync();
        Assert.Equal(RunState.Running, _runs.States["a"].State);
        Assert.Equal(RunState.Paused, _runs.States["mine"].State);
    }

    private Task LookAsync() =>
        new DiskWatch(_runs, () => _free, TimeProvider.System, NullLogger<DiskWatch>.Instance).LookAsync(TestContext.Current.CancellationToken);

    private sealed class Runs : IRunControl
    {
        public Dictionary<string, (RunState State, string Reason)> States { get; } = [];

        public Task<IReadOnlyList<RunEntry>> ListAsync(RunState state, CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<RunEntry>>(
        [
            .. States.Where(run => run.Value.State == state).Select(run => new RunEntry
            {
                Run = run.Key, State = state, Step = 0, Steps = 1, StartedAt = DateTimeOffset.UnixEpoch, Shaper = "guarded",
            }),
        ]);

        public Task<string> ReasonAsync(string run, CancellationToken cancellationToken) => Task.FromResult(States[run].Reason);

        public Task PauseAsync(string run, string reason, CancellationToken cancellationToken)
        {
            States[run] = (RunState.Paused, reason);
            return Task.CompletedTask;
        }

        public Task ResumeAsync(string run, CancellationToken cancellationToken)
        {
            States[run] = (RunState.Running, "");
            return Task.CompletedTask;
        }
    }
}
