using System.Globalization;
using Etr.Grains.Runs;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>
/// One component of a reward alone decides what is learnt: its spread within groups is nearly all there is. Components are the shapers of a
/// mix, times their weights, or what the verdict, the trend and the length make of one shaper's reward.
/// </summary>
internal sealed class ComponentDominates : IDiagnosisRule
{
    public string Name => "component-dominates";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "Change the weights in Etr:Reward (of a mix Mix; else Lambda, TokenCost or AccuracyWeight) until each component has its say, or choose as Etr:Reward:Shaper the reward that has the deciding one alone.";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.Steps is not [.., var last])
            return null;
        string[] shapers = [.. last.Shapers.Where(shaper => shaper.Weight != 0).Select(shaper => shaper.Name)];
        return shapers.Length > 1
            ? Read(view, shapers, OfShaper)
            : Read(view, [.. view.Steps.TakeLast(view.Options.Window).SelectMany(step => step.Terms).Select(term => term.Name).Distinct()], OfTerm);
    }

    private static RuleReading? Read(DiagnosisView view, string[] names, Func<StepSummary, string, double> spreadOf)
    {
        if (names.Length < 2)
            return null;
        (string Name, double Spread)[] spreads = [.. names.Select(name => (name, Spread: view.Recent(step => spreadOf(step, name)) ?? 0))];
        double all = spreads.Sum(one => one.Spread);
        if (all <= 0)
            return null;
        (string first, double spread) = spreads.MaxBy(one => one.Spread);
        double limit = view.Options.ComponentShare;
        return new RuleReading(spread / all, limit, view.SlackOf(limit), string.Create(
            CultureInfo.InvariantCulture, $"{first} made {100 * spread / all:0} % of the reward's spread within groups over {view.Options.Window} steps, the other {names.Length - 1} the rest"));
    }

    private static double OfShaper(StepSummary step, string name) =>
        step.Shapers.FirstOrDefault(shaper => shaper.Name == name) is { } found ? Math.Abs(found.Weight) * found.Spread : double.NaN;

    // A term that no trace of a step was paid by made none of its spread; of a step without terms nothing is known.
    private static double OfTerm(StepSummary step, string name) =>
        step.Terms.Length == 0 ? double.NaN : step.Terms.FirstOrDefault(term => term.Name == name)?.Share ?? 0;
}
