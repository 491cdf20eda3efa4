using System.Globalization;
using Etr.Silo.Cli;

namespace Etr.Silo.Chaos;

/// <summary>Breaks a cluster at random, waits after each fault until the run goes on, and audits it.</summary>
internal sealed class ChaosRunner(ChaosRequest request, Terminal terminal, TimeProvider time)
{
    // A fault that the run does not get over within this is a hang: membership needs seconds, a process a few to start.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly ChaosPlan _plan = new(request.Seed);
    private readonly List<ChaosEvent> _events = [];

    /// <summary>Runs the chaos.</summary>
    /// <returns>The exit code: 1 where anything was lost, counted twice, or hung.</returns>
    public async Task<int> RunAsync(CancellationToken interrupt)
    {
        string directory = Directory.CreateTempSubdirectory("etr-chaos-").FullName;
        if (request.Transcripts is { } transcripts)
            Directory.CreateDirectory(transcripts);
        using var log = new ChaosLog(request.Log);
        try
        {
            await using ChaosCluster cluster = await ChaosCluster.StartAsync(directory, request, time, interrupt);
            terminal.Line($"cluster    {cluster.LearnerSilos.Count} that may train, {cluster.SamplerSilos.Count} that sample; run {cluster.Run} in {directory}");
            if (await cluster.AdvancedAsync(0, Deadline, interrupt) is null)
                throw new CommandFailure($"the run has committed no step within {Deadline.TotalSeconds:0} s, before any fault", ExitCodes.Failed);
            long start = time.GetTimestamp();
            while (time.GetElapsedTime(start) < request.Duration && (request.Faults == 0 || _events.Count < request.Faults))
            {
                ChaosEvent happened = await BreakAsync(cluster, interrupt);
                _events.Add(happened);
                log.Write(happened);
                terminal.Line(Line(happened));
            }

            string last = await cluster.AuditAsync(Deadline, interrupt);
            return Close(await cluster.StepAsync(interrupt) ?? 0, last);
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private async Task<ChaosEvent> BreakAsync(ChaosCluster cluster, CancellationToken interrupt)
    {
        int step = await cluster.StepAsync(interrupt) ?? _events.LastOrDefault()?.Step ?? 0;
        (Fault fault, int victim, TimeSpan pause) = _plan.Next(cluster.SamplerSilos.Count, cluster.LearnerSilos.Count);
        ChildSilo? silo = victim < 0 ? null : cluster.SamplerSilos.Concat(cluster.LearnerSilos).ElementAt(victim);
        var happened = new ChaosEvent
        {
            Time = time.GetUtcNow(),
            Fault = fault.ToString().ToLowerInvariant(),
            Pid = silo?.ProcessId ?? 0,
            Role = silo?.Roles ?? "sampler",
            Step = step,
        };
        // Two steps on, from the moment of the fault: the one under way may have had all it needed.
        Task<TimeSpan?> advanced = cluster.AdvancedAsync(step + 1, Deadline, interrupt);
        try
        {
            happened.Problem = await DoAsync(cluster, happened, fault, silo, pause, interrupt);
        }
        catch (CommandFailure e)
        {
            happened.Problem = e.Message;
        }

        happened.Recovered = (await advanced)?.TotalSeconds;
        if (happened.Recovered is null)
            happened.Problem = string.Join('\n', new[] { happened.Problem, await cluster.DescribeAsync(interrupt) }.Where(text => text.Length > 0));
        string audit = await cluster.AuditAsync(Deadline, interrupt);
        happened.Closed = audit.Length == 0;
        happened.Problem = string.Join('\n', new[] { happened.Problem, audit }.Where(text => text.Length > 0));
        return happened;
    }

    private async Task<string> DoAsync(ChaosCluster cluster, ChaosEvent happened, Fault fault, ChildSilo? silo, TimeSpan pause, CancellationToken interrupt)
    {
        switch (fault)
        {
            case Fault.Add:
                happened.Pid = (await cluster.StartSamplerAsync(interrupt)).ProcessId;
                return "";
            case Fault.Drain:
                bool left = await silo!.DrainAsync();
                await cluster.ForgetAsync(silo);
                return left ? "" : $"the drained silo did not leave in good order:\n{silo.Transcript}";
            case Fault.Freeze:
                silo!.Freeze();
                await Task.Delay(pause, time, interrupt);
                silo.Thaw();
                await RestartWhereGoneAsync(cluster, silo, interrupt);
                return "";
            default:
                await silo!.KillAsync();
                await Task.Delay(pause, time, interrupt);
                await RestartWhereGoneAsync(cluster, silo, interrupt);
                return "";
        }
    }

    // The others may have declared a frozen silo dead: then it ends by itself soon after it thaws.
    private async Task RestartWhereGoneAsync(ChaosCluster cluster, ChildSilo silo, CancellationToken interrupt)
    {
        if (!silo.HasEnded)
            await Task.Delay(TimeSpan.FromSeconds(2), time, interrupt);
        if (!silo.HasEnded)
            return;
        bool learner = cluster.LearnerSilos.Contains(silo);
        await cluster.ForgetAsync(silo);
        if (learner)
            await cluster.StartLearnerAsync(interrupt);
        else
            await cluster.StartSamplerAsync(interrupt);
    }

    private int Close(int step, string lastAudit)
    {
        int hangs = _events.Count(happened => happened.Recovered is null);
        int open = _events.Count(happened => !happened.Closed) + (lastAudit.Length > 0 ? 1 : 0);
        foreach (IGrouping<string, ChaosEvent> kind in _events.GroupBy(happened => $"{happened.Fault} {happened.Role}").OrderBy(kind => kind.Key, StringComparer.Ordinal))
        {
            double[] seconds = [.. kind.Where(happened => happened.Recovered is not null).Select(happened => happened.Recovered!.Value).Order()];
            string times = seconds.Length == 0 ? "never" : string.Create(CultureInfo.InvariantCulture, $"median {seconds[seconds.Length / 2]:0.0} s, longest {seconds[^1]:0.0} s");
            terminal.Line($"{kind.Count(),4} × {kind.Key,-22} two steps later after {times}");
        }

        terminal.Line($"{_events.Count} faults, {step} steps, {open} audits with differences, {hangs} hangs{(open == 0 ? ": the ledger is closed" : "")}");
        if (lastAudit.Length > 0)
            terminal.Line(lastAudit);
        return open == 0 && hangs == 0 && _events.All(happened => happened.Problem.Length == 0) ? ExitCodes.Done : ExitCodes.Failed;
    }

    private static string Line(ChaosEvent happened) => string.Create(
        CultureInfo.InvariantCulture,
        $"{happened.Time:HH:mm:ss}  {happened.Fault,-6} {happened.Role,-14} {happened.Pid,-8} step {happened.Step,-5} {(happened.Recovered is { } seconds ? $"on after {seconds:0.0} s" : "HANGS")}, {(happened.Closed ? "closed" : "OPEN")}{(happened.Problem.Length > 0 ? $"\n{happened.Problem}" : "")}");
}
