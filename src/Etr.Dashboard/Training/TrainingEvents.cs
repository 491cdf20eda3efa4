using Etr.Dashboard.Charts;
using Etr.Dashboard.History;
using Etr.Dashboard.Shell;
using Etr.Dashboard.Wall;
using Etr.Grains.Runs;

namespace Etr.Dashboard.Training;

/// <summary>What happened to a run, as marks over its charts, in order.</summary>
internal static class TrainingEvents
{
    private const int LongestText = 200;

    /// <summary>Collects what the run, its steps and the feed tell.</summary>
    public static IReadOnlyList<ChartEvent> Of(RunStatus status, RunHistory history, RunWall wall)
    {
        var events = new List<ChartEvent>();
        events.AddRange(status.Alarms.Select(alarm => new ChartEvent(alarm.Step, "guard", Text($"{alarm.Guard} ({alarm.Action}): {alarm.Text}"))));
        events.AddRange(status.Evaluations.Select(found => found.Failure.Length > 0
            ? new ChartEvent(found.Step, "fault", Text($"policy version {found.Step} could not be evaluated: {found.Failure}"))
            : new ChartEvent(found.Step, "evaluation", $"policy version {found.Step}, held-out accuracy {Figures.Percent(found.Accuracy)}", found.Accuracy)));
        lock (history)
            events.AddRange(history.Skipped.Select(step => new ChartEvent(step, "skipped", "loss or gradients were not finite")));
        // Guards are in the run's status, also after a restart of this server.
        lock (wall)
            events.AddRange(wall.Faults.Where(fault => fault.Kind != "guard").Select(fault => new ChartEvent(Math.Max(1, fault.Step), "fault", Text(fault.Text))));
        return [.. events.OrderBy(happened => happened.Step)];
    }

    private static string Text(string text) => Visible.Text(text.Length <= LongestText ? text : text[..LongestText] + "…");
}
