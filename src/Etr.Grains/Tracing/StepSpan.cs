using System.Diagnostics;
using Etr.Grains.Learners;

namespace Etr.Grains.Tracing;

/// <summary>The span of a step: a trace of its own, with links to the groups and the leases whose traces it trains on.</summary>
internal static class StepSpan
{
    // What OpenTelemetry keeps of a span by default; beyond it links are dropped without a word.
    private const int MostLinks = 128;

    public static Activity? Begin(string run, int step, IReadOnlyList<GroupSubmission> batch)
    {
        if (!EtrTracing.IsOn)
            return null;

        // Groups first: each of them leads on to its leases.
        ActivityLink[] links = [.. EtrTracing.LinksTo([.. batch.Select(group => group.Trace), .. batch.SelectMany(group => group.Leases)])];
        return EtrTracing.Begin(EtrTracing.LearnerStep, parent: null, links.Take(MostLinks))?
            .SetTag("etr.run", run).SetTag("etr.step", step).SetTag("etr.groups", batch.Count).SetTag("etr.links_left_out", Math.Max(0, links.Length - MostLinks));
    }

    /// <summary>A part of the step that is under way.</summary>
    public static Activity? Part(string part) => EtrTracing.Source.StartActivity($"learner.{part}");
}
