using Etr.Grains.Diagnosis;
using Etr.Grains.Feed;
using Etr.Grains.Metrics;
using Etr.Grains.Samplers;
using Microsoft.Extensions.Logging;

namespace Etr.Grains.Runs;

/// <summary>
/// What a run finds wrong with itself: the rules about steps are looked at once a step, those about this moment with a touch now and
/// then. Nobody waits for it, and nothing is changed by it.
/// </summary>
internal sealed partial class RunGrain : IMeasuredRun
{
    private static readonly TimeSpan PoolPatience = TimeSpan.FromSeconds(1);

    private long? _lastLook;
    private FreeSpaceFall? _fall;
    private volatile bool _hasLeft;

    string IMeasuredRun.Name => Name;

    // The timer is there while the run runs; the state itself is for the grain's own thread.
    bool IMeasuredRun.IsRunning => !_hasLeft && Volatile.Read(ref _touch) is not null;

    private async Task DiagnoseStepAsync()
    {
        int step = Run.Step;
        if (!Context.Configuration.Diagnosis.Enabled || Run.Diagnosis.Step >= step)
            return;
        IReadOnlyList<StepSummary> steps = await RecentAsync(step);

        // Others may have come by meanwhile.
        if (Run.Diagnosis.Step >= step)
            return;
        Run.Diagnosis.Step = step;
        long dropped = Run.Diagnosis.StaleOver(Context.Configuration.Diagnosis.Window, step, Run.Ledger.Counts.Stale);
        await TellAsync(RunDiagnosis.Look(Run.Diagnosis, View(steps) with { Dropped = dropped }, live: false, step, _time.GetUtcNow()));
    }

    private async Task DiagnoseNowAsync()
    {
        // Touches come with every event; what is counted here are moments some seconds apart.
        if (!Context.Configuration.Diagnosis.Enabled || Run.State != RunState.Running || (_lastLook is { } last && _time.GetElapsedTime(last) < _options.Touch * 0.9))
            return;
        _lastLook = _time.GetTimestamp();
        long? free = await _space.OfAsync(Context.Start.Directory);
        _fall ??= new FreeSpaceFall(TimeSpan.FromMinutes(Context.Configuration.Diagnosis.DiskRateMinutes));
        _fall.Add(_time.GetUtcNow(), free);
        DiagnosisView view = View(await RecentAsync(Run.Step)) with
        {
            Waits = Waits(),
            Pool = await PoolAsync(),
            FreeBytes = free,
            FreeBytesFall = _fall.BytesPerSecond,
        };
        await TellAsync(RunDiagnosis.Look(Run.Diagnosis, view, live: true, Run.Step, _time.GetUtcNow()));
    }

    private async Task TellAsync(IReadOnlyList<FindingChange> changes)
    {
        RunFinding[] standing = RunDiagnosis.Findings(Run.Diagnosis, Run.State == RunState.Running);
        _metrics.Diagnosed(standing);
        if (changes.Count == 0)
            return;
        foreach (FindingChange change in changes)
        {
            Publish(RolloutEventKind.Fault, Run.Step, 0, 0, change.Words);
            if (change.IsRaised)
                LogFinding(Name, change.Finding.Rule, change.Finding.Words);
            else
                LogFindingOver(Name, change.Finding.Rule);
        }

        // Since when is worth a write; what is counted on the way there rides along with the next one.
        await _writer.WriteAsync();
    }

    // The next silo that holds the run says what stands; this one would say it for ever.
    private void ForgetFindings() => _hasLeft = true;

    private DiagnosisView View(IReadOnlyList<StepSummary> steps)
    {
        bool paid = Context.Rewards.PaysTrend && !Run.Guards.TrendOff;
        return new DiagnosisView
        {
            Options = Context.Configuration.Diagnosis,
            Steps = steps,
            Lengthening = paid ? RunGuards.ReadLengthening(Run.Guards, Context.Configuration.Guards) : null,
            Opening = paid ? RunGuards.ReadOpening(Run.Guards, Context.Configuration.Guards) : null,
            StalenessBound = Shape.StalenessBound(),
            Alpha = Context.Rewards.Preset.Trend.Alpha,
        };
    }

    private async Task<IReadOnlyList<StepSummary>> RecentAsync(int last)
    {
        var steps = new List<StepSummary>();
        for (int step = Math.Max(1, last - Context.Configuration.Diagnosis.Horizon + 1); step <= last; step++)
        {
            try
            {
                if (await SummaryAsync(step) is { } summary)
                    steps.Add(summary);
            }
            catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
            {
                // Its file is not to be read; the others say enough.
            }
        }

        return steps;
    }

    private async Task<PoolStatus?> PoolAsync()
    {
        try
        {
            return await GrainFactory.GetGrain<ISamplerPoolGrain>(0).GetStatusAsync().WaitAsync(PoolPatience, _time);
        }
        catch (Exception)
        {
            // What is not known is no finding; the next look asks again.
            return null;
        }
    }

    [LoggerMessage(EventId = 1011, Level = LogLevel.Warning, Message = "Run {Run}: diagnosis {Rule}: {Words}")]
    private partial void LogFinding(string run, string rule, string words);

    [LoggerMessage(EventId = 1012, Level = LogLevel.Information, Message = "Run {Run}: diagnosis {Rule} is over.")]
    private partial void LogFindingOver(string run, string rule);
}
