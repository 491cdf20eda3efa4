using System.Globalization;
using Etr.Grains.Waits;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>Something is waited for longer than steps take.</summary>
internal sealed class LongWait : IDiagnosisRule
{
    private const int BeforeFirst = 10;

    public string Name => "long-wait";

    public FindingLevel Level => FindingLevel.Bad;

    public bool IsLive => true;

    public string Try => "What is waited for names whom to look at: etr run status lists the silos, the samplers and every wait.";

    public RuleReading? Read(DiagnosisView view)
    {
        Wait? longest = view.Waits.MaxBy(wait => wait.Seconds);
        double limit = Usual(view);
        string seen = longest is null ? "" : string.Create(
            CultureInfo.InvariantCulture, $"The {longest.Who} has waited {longest.Seconds:0} s for {longest.What}, longer than the {limit:0} s that are usual");
        return new RuleReading(longest?.Seconds ?? 0, limit, view.SlackOf(limit), seen);
    }

    // A group that was drawn ahead waits for the steps before its own; and how long a first step takes, nobody knows before it.
    private static double Usual(DiagnosisView view)
    {
        double[] steps = [.. view.Steps.TakeLast(view.Options.Window).Select(step => step.Seconds)];
        return steps.Length == 0
            ? BeforeFirst * view.Options.WaitSeconds
            : Math.Max(view.Options.WaitSeconds, (view.Options.WaitSteps + view.StalenessBound) * steps.Average());
    }
}
