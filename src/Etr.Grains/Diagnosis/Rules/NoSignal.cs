using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>Most groups have no advantage at all: they teach nothing.</summary>
internal sealed class NoSignal : IDiagnosisRule
{
    public string Name => "no-signal";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "Give it prompts that it solves now and then (Etr:Run:Filter=no-signal, Etr:Run:Curriculum=history), or larger groups.";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.Recent(step => step.ZeroAdvantage / (double)Math.Max(1, step.Ordinals.Count)) is not { } share)
            return null;
        double limit = view.Options.NoSignal;
        return new RuleReading(share, limit, view.SlackOf(limit), string.Create(
            CultureInfo.InvariantCulture, $"{100 * share:0} % of the groups had no advantage other than zero, on average over {view.Options.Window} steps"));
    }
}
