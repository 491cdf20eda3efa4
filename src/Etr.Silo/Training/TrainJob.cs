using System.Globalization;
using Etr.Core.Evaluation;
using Etr.Core.Policies;
using Etr.Core.Rollouts;
using Etr.Grains.Files;
using Etr.Grains.Runs;
using Etr.Grains.Silos;
using Etr.Policy.Runtime;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Engines;
using Etr.Silo.Hosting;
using Etr.Silo.RemoteSamplers;
using Etr.Silo.Silos;
using Etr.Silo.Store;

namespace Etr.Silo.Training;

/// <summary>The main job: evaluate, train, evaluate again, say what came of it. Sampler and learner are in this process.</summary>
internal sealed class TrainJob(TrainRequest request, Terminal terminal, TimeProvider time)
{
    private static readonly TimeSpan PausePatience = TimeSpan.FromSeconds(15);
    private readonly long _started = time.GetTimestamp();

    /// <summary>Runs the job.</summary>
    /// <param name="interrupt">Cancelled when the person wants it to end: the run is paused, its state saved.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CommandFailure">Something it needs is missing; nothing was started.</exception>
    public async Task<int> RunAsync(CancellationToken interrupt)
    {
        EtrSettings settings = request.Settings;
        var data = DataDirectory.Open(settings.Host.Data);
        StoredRun? stored = request.Resume is null ? null : StoredRun.Open(data, request.Resume);
        RunPlan plan = RunPlan.Of(stored?.Configuration() ?? settings.Run);
        Warn(plan, stored);
        plan.PrintRows(terminal);
        RunMemory.Of(plan, Samplers(settings)).Print(terminal);
        RunMemory.Require(plan, Samplers(settings));
        if (SiloRolesText.TryParse(settings.Host.Cluster.Roles, out SiloRoles roles) && roles.HasFlag(SiloRoles.Sampler))
            await RemoteCheck.RunAsync(settings.Host.Samplers, plan, terminal, time, interrupt);
        TorchRuntime.Start(plan.Configuration.Policy.Device, plan.Configuration.Policy.Threads);

        // Slots, threads and device of a resumed run are the run's own.
        EtrSettings hosted = WithoutPages(settings with { Run = plan.Configuration });
        bool portMatters = hosted.Host.Dashboard.Enabled || settings.Named.Contains("Etr:Dashboard:Port");
        await using EtrHost host = await EtrHost.StartAsync(
            hosted, data, silo => SiloParts.Of(silo, data, wakesRuns: false), request.Verbose, portMatters, interrupt);
        terminal.Line($"{(hosted.Host.Dashboard.Enabled ? "dashboard" : "health and metrics")}  {host.Url}");
        if (host.Plan.Card.Roles.HasFlag(SiloRoles.Store))
            terminal.Line($"store      in this process, in {data.Store}; should it die, other silos wait for it (Etr:Cluster:Redis names one of yours)");
        await SiloJob.ReadyAsync(host, readyFile: null, terminal);
        await UnfinishedRuns.ListAsync(host, settings, stored?.Name, terminal);

        stored ??= await StoredRun.CreateAsync(data, plan.Configuration, time, interrupt);
        var run = host.Grains.GetGrain<IRunGrain>(stored.Name);
        terminal.Line($"run        {stored.Name}");
        try
        {
            int code = await TrainAsync(host, run, stored, plan, interrupt);
            if (!request.Exit && settings.Host.Dashboard.Enabled)
                await StayAsync(host, interrupt);
            return code;
        }
        catch (OperationCanceledException) when (interrupt.IsCancellationRequested)
        {
            return await PauseAsync(host, run, stored);
        }
    }

    /// <summary>Devices that draw in this process; null for the run's own.</summary>
    internal static IReadOnlyList<string>? Samplers(EtrSettings settings) =>
        settings.Host.Cluster.Devices.Length > 0 ? settings.Host.Cluster.Devices.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) : null;

    private async Task<int> TrainAsync(EtrHost host, IRunGrain run, StoredRun stored, RunPlan plan, CancellationToken interrupt)
    {
        using ITrainDisplay display = terminal.Interactive ? new LiveDisplay(terminal) : new PlainDisplay(terminal, time);
        PolicyRef start = await StartingPolicy.OfAsync(plan.Configuration.Policy.Path, interrupt);
        await CheckStartAsync(run, start);
        var whole = new EngineUse(host.Services.GetRequiredService<EngineClock>());
        var evaluation = new HeldOutEvaluation(host.Services.GetRequiredService<EngineProvider>(), plan, time);
        EvaluationPair? before = await evaluation.ReadOrRunAsync("before", stored.BeforeFile, start, display, interrupt);

        RunStatus status = await run.GetStatusAsync();
        int resumedFrom = status.Step;
        var use = new EngineUse(host.Services.GetRequiredService<EngineClock>());
        await GoAsync(run, status.State, stored, plan, interrupt);
        var follower = new RunFollower(run, display, time);
        await using (TimeLimit? limit = request.Limit is { } most ? await TimeLimit.StartAsync(run, most, time, interrupt) : null)
            status = await follower.FollowAsync(resumedFrom, interrupt);
        use.Stop();

        bool done = status.State == RunState.Completed;
        EvaluationPair? after = before is null || !done
            ? null
            : await evaluation.ReadOrRunAsync("after", stored.AfterFile, Last(stored, status), display, interrupt);
        display.Dispose();

        RunSummary summary = Summarise(stored, plan, status, follower, use, (before, after), resumedFrom);
        if (before is not null && after is not null)
            ResultTable.Write(terminal, before, after, summary.Aes);
        await CloseAsync(summary, status, (whole.EngineShare, use.EngineShare), interrupt);
        return done ? ExitCodes.Done : ExitCodes.Failed;
    }

    // Adapters are read where their model lies beside them: in the version's folder.
    private static PolicyRef Last(StoredRun stored, RunStatus status)
    {
        string folder = new RunPlace(stored.Name, stored.Directory).PolicyFolder(status.Step);
        string file = File.Exists(Path.Combine(folder, PolicyManifest.AdapterFile)) ? PolicyFolder.PolicyFileIn(folder) : status.PolicyFile;
        return new PolicyRef(status.Step, file, status.PolicySha256);
    }

    private static async Task CheckStartAsync(IRunGrain run, PolicyRef start)
    {
        if (await run.GetStartAsync() is { } known && known.PolicySha256 != start.Sha256)
        {
            throw new CommandFailure(
                $"{start.File} has changed since the run started from it (SHA-256 {start.Sha256}, then {known.PolicySha256}): put the old file back, or start a new run");
        }
    }

    private static async Task GoAsync(IRunGrain run, RunState state, StoredRun stored, RunPlan plan, CancellationToken interrupt)
    {
        if (state == RunState.Unknown)
            await run.StartAsync(await RunStarter.PrepareAsync(stored, plan, interrupt));
        else if (state != RunState.Completed)
            await run.ResumeAsync();
    }

    private static EtrSettings WithoutPages(EtrSettings settings)
    {
        if (settings.Host.Dashboard.Enabled || !SiloRolesText.TryParse(settings.Host.Cluster.Roles, out SiloRoles roles))
            return settings;
        ClusterSettings cluster = settings.Host.Cluster with { Roles = SiloRolesText.Format(roles & ~SiloRoles.Dashboard) };
        return settings with { Host = settings.Host with { Cluster = cluster } };
    }

    private RunSummary Summarise(
        StoredRun stored, RunPlan plan, RunStatus status, RunFollower follower, EngineUse use, (EvaluationPair? Before, EvaluationPair? After) held, int resumedFrom) => new()
        {
            Run = stored.Name,
            Steps = status.Step,
            ResumedFrom = resumedFrom,
            Seconds = time.GetElapsedTime(_started).TotalSeconds,
            Seed = plan.Configuration.Run.Seed,
            Shaper = plan.Rewards.Shaper.Name,
            Estimator = plan.Rewards.Estimator.Name,
            Update = UpdateSummary.Of(plan.Configuration.Training),
            Before = EvaluationSummary.Of(held.Before),
            After = EvaluationSummary.Of(held.After),
            Groups = GroupsSummary.Of(status.Groups),
            Sampler = EngineSummary.Of(follower.SampledTokens, use.Sampler),
            Learner = EngineSummary.Of(follower.TrainedTokens, use.Learner),
            Idle = new IdleSummary(use.SamplerIdle, use.LearnerIdle),
            EngineShare = use.EngineShare,
            Checkpoint = new CheckpointSummary(status.CheckpointFile, status.CheckpointSha256),
        };

    private async Task CloseAsync(RunSummary summary, RunStatus status, (double Job, double Training) share, CancellationToken interrupt)
    {
        terminal.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"{summary.Steps} steps in {summary.Seconds:0} s; sampler {summary.Sampler.TokensPerSecond:0} tokens/s, learner {summary.Learner.TokensPerSecond:0} tokens/s, engines busy {100 * share.Job:0.0} % of the job, {100 * share.Training:0.0} % of the training; idle in it: sampler {100 * summary.Idle.Sampler:0.0} %, learner {100 * summary.Idle.Learner:0.0} %"));
        if (status.Reason.Length > 0)
            terminal.Line($"{status.State.ToString().ToLowerInvariant()}: {status.Reason}");
        if (status.SkippedSteps > 0)
            terminal.Line($"{status.SkippedSteps} steps were skipped: loss or gradients were not finite");
        if (request.Summary is { } file)
        {
            await summary.WriteAsync(file, interrupt);
            terminal.Line($"summary    {Path.GetFullPath(file)}");
        }

        if (status.State != RunState.Completed)
            terminal.Fail($"the run has stopped: {status.Reason}; its state is saved, and {ResumeCommand(summary.Run)} goes on");
    }

    private async Task StayAsync(EtrHost host, CancellationToken interrupt)
    {
        terminal.Line($"the dashboard stays at {host.Url}; Ctrl-C ends");
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, interrupt);
        }
        catch (OperationCanceledException)
        {
            // That is how it ends; the run itself is over.
        }
    }

    private async Task<int> PauseAsync(EtrHost host, IRunGrain run, StoredRun stored)
    {
        terminal.Line("interrupted: pausing the run");
        RunStatus status = await run.GetStatusAsync().WaitAsync(PausePatience, time);
        if (status.State == RunState.Running)
        {
            await run.PauseAsync("interrupted").WaitAsync(PausePatience, time);
            await new Draining(host, time).LetStepFinishAsync();
            status = await run.GetStatusAsync().WaitAsync(PausePatience, time);
        }

        terminal.Line($"state is saved at step {status.Step}; go on with: {ResumeCommand(stored.Name)}");
        return ExitCodes.Interrupted;
    }

    private string ResumeCommand(string run) => UnfinishedRuns.ResumeCommand(run, request.Settings);

    private void Warn(RunPlan plan, StoredRun? resumed)
    {
        if (plan.Warning is { } warning)
            terminal.Warn(warning);
        if (resumed is null)
            return;
        string[] ignored = [.. request.Settings.Named.Where(key => SettingSchema.Run.Any(setting => setting.Key == key)).Order(StringComparer.Ordinal)];
        if (ignored.Length > 0)
            terminal.Warn($"a resumed run keeps the configuration it started with; ignored: {string.Join(", ", ignored)}");
    }
}
