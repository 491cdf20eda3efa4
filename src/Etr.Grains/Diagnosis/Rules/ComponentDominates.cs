using System.Globalization;
using Etr.Grains.Runs;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>Of a mixed reward one shaper alone decides what is learnt: its spread within groups, times its weight, is nearly all there is.</summary>
internal sealed class ComponentDominates : IDiagnosisRule
{
    public string Name => "component-dominates";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "Change the weights in Etr:Reward:Mix until each shaper has its say, or name the one that decides as Etr:Reward:Shaper.";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.Steps is not [.., var last])
            return null;
        string[] names = [.. last.Shapers.Where(shaper => shaper.Weight != 0).Select(shaper => shaper.Name)];
        if (names.Length < 2)
            return null;
        (string Name, double Spread)[] spreads = [.. names.Select(name => (name, Spread: view.Recent(step => Spread(step, name)) ?? 0))];
        double all = spreads.Sum(one => one.Spread);
        if (all <= 0)
            return null;
        (string first, double spread) = spreads.MaxBy(one => one.Spread);
        double limit = view.Options.ComponentShare;
        return new RuleReading(spread / all, limit, view.SlackOf(limit), string.Create(
            CultureInfo.InvariantCulture, $"{first} made {100 * spread / all:0} % of the reward's spread within groups over {view.Options.Window} steps, the other {names.Length - 1} the rest"));
    }

    private static double Spread(StepSummary step, string name) =>
        step.Shapers.FirstOrDefault(shaper => shaper.Name == name) is { } found ? Math.Abs(found.Weight) * found.Spread : double.NaN;
}
