using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>What is trained on is as old as it may be, or too old and dropped.</summary>
internal sealed class Stale : IDiagnosisRule
{
    private const int LeastBound = 2;
    private const double MostDropped = 0.1;

    public string Name => "stale";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "The learner is the slower side: more samplers bring nothing, a lower Etr:Run:Staleness costs nothing; give the learner more, or draw fewer traces a group.";

    /// <summary>What to try where groups are dropped: the opposite. The alert on it says the same.</summary>
    public const string TryDropped = "Samplers are too slow for the learner, or hold old policies: add samplers, bound traces (Etr:Sampling:MaxNewTokens), or raise Etr:Run:Staleness.";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.StalenessBound == 0 || view.Recent(step => step.Staleness) is not { } age)
            return null;
        int consumed = view.Steps.TakeLast(view.Options.Window).Sum(step => step.Ordinals.Count);
        double dropped = view.Dropped / (double)Math.Max(1, view.Dropped + consumed);

        // One version is what any run that does not wait has; it says nothing about who is slower.
        double old = view.StalenessBound < LeastBound ? 0 : age / view.StalenessBound / Math.Max(view.Options.StalenessShare, 1e-9);
        if (dropped / MostDropped <= old)
        {
            return new RuleReading(old, 1, view.SlackOf(1), string.Create(
                CultureInfo.InvariantCulture, $"Tokens were {age:0.00} versions old on average over {view.Options.Window} steps, of at most {view.StalenessBound}"));
        }

        string seen = string.Create(
            CultureInfo.InvariantCulture, $"{100 * dropped:0} % of the groups were dropped as stale over {view.Options.Window} steps, drawn by a policy more than {view.StalenessBound} versions old");
        return new RuleReading(dropped / MostDropped, 1, view.SlackOf(1), seen) { Try = TryDropped };
    }
}
