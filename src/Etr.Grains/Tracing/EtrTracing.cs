using System.Diagnostics;

namespace Etr.Grains.Tracing;

/// <summary>
/// The spans of Etr: a trace for each group, from its prompt to its seal, with a span for each slot lease; and one for each step, which
/// links to the groups and leases that it used (docs/metrics.md). Where nobody listens, nothing is made.
/// </summary>
/// <remarks>
/// A group's parts follow one another by state and on several silos: each begins with what was written down of the one before, as a
/// W3C traceparent, and not with whatever call its grain happens to be in.
/// </remarks>
public static class EtrTracing
{
    /// <summary>The source's name, for exporters to subscribe to.</summary>
    public const string SourceName = "Etr";

    /// <summary>Names of the spans that a trace begins with: what is sampled, and everything below them with it.</summary>
    public static IReadOnlySet<string> Roots { get; } = new HashSet<string>(StringComparer.Ordinal) { GroupDeal, LearnerStep };

    internal const string GroupDeal = "group.deal";
    internal const string PromptOpen = "prompt.open";
    internal const string GroupOpen = "group.open";
    internal const string SlotLease = "slot.lease";
    internal const string LeasesVoided = "leases.voided";
    internal const string GroupSeal = "group.seal";
    internal const string LearnerStep = "learner.step";

    internal static ActivitySource Source { get; } = new(SourceName);

    /// <summary>Whether spans are made at all.</summary>
    internal static bool IsOn => Source.HasListeners();

    /// <summary>
    /// A span below <paramref name="parent"/>, which is a traceparent; a trace of its own where that is null or empty. It is not made
    /// current. Null where nobody wants it.
    /// </summary>
    internal static Activity? Begin(string name, string? parent, IEnumerable<ActivityLink>? links = null)
    {
        if (!IsOn)
            return null;
        Activity? around = Activity.Current;
        Activity.Current = null;
        try
        {
            ActivityContext.TryParse(parent, traceState: null, isRemote: true, out ActivityContext context);
            return Source.StartActivity(name, ActivityKind.Internal, context, links: links);
        }
        finally
        {
            Activity.Current = around;
        }
    }

    /// <summary>Makes a span current for the rest of the calling method: calls to other grains are below it.</summary>
    internal static Activity? Enter(this Activity? span)
    {
        if (span is not null)
            Activity.Current = span;
        return span;
    }

    /// <summary>Notes that what the span is of failed. Its words may quote a trace, so only the kind is told.</summary>
    internal static void Fail(this Activity? span, Exception exception) => span?.SetStatus(ActivityStatusCode.Error, exception.GetType().Name);

    /// <summary>Links to spans, as far as their traceparents can be read.</summary>
    internal static IEnumerable<ActivityLink> LinksTo(IEnumerable<string?> spans)
    {
        foreach (string? span in spans)
        {
            if (ActivityContext.TryParse(span, traceState: null, isRemote: true, out ActivityContext context))
                yield return new ActivityLink(context);
        }
    }
}
