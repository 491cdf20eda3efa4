using System.Globalization;
using Etr.Grains.Waits;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>Something is waited for longer than steps take.</summary>
internal sealed class LongWait : IDiagnosisRule
{
    public string Name => "long-wait";

    public FindingLevel Level => FindingLevel.Bad;

    public bool IsLive => true;

    public string Try => "What is waited for names whom to look at: etr run status lists the silos, the samplers and every wait.";

    public RuleReading? Read(DiagnosisView view)
    {
        Wait? longest = view.Waits.MaxBy(wait => wait.Seconds);
        double step = view.Recent(summary => summary.Seconds) ?? 0;
        double limit = Math.Max(view.Options.WaitSeconds, view.Options.WaitSteps * step);
        string seen = longest is null ? "" : string.Create(
            CultureInfo.InvariantCulture, $"The {longest.Who} has waited {longest.Seconds:0} s for {longest.What}, longer than the {limit:0} s that are usual");
        return new RuleReading(longest?.Seconds ?? 0, limit, view.SlackOf(limit), seen);
    }
}
