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

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.StalenessBound == 0 || view.Recent(step => step.Staleness) is not { } age)
            return null;
        double dropped = view.Groups.Stale / (double)Math.Max(1, view.Groups.Stale + view.Groups.Consumed);

        // One version is what any run that does not wait has; it says nothing about who is slower.
        double old = view.StalenessBound < LeastBound ? 0 : age / view.StalenessBound / Math.Max(view.Options.StalenessShare, 1e-9);
        return new RuleReading(Math.Max(old, dropped / MostDropped), 1, view.SlackOf(1), string.Create(
            CultureInfo.InvariantCulture, $"Tokens were {age:0.00} versions old on average over {view.Options.Window} steps, of at most {view.StalenessBound}, and {100 * dropped:0} % of the groups were dropped as stale"));
    }
}
