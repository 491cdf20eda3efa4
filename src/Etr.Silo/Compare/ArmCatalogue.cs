using System.Text.RegularExpressions;
using Etr.Core.Rewards;
using Etr.Silo.Configuration;

namespace Etr.Silo.Compare;

/// <summary>The arms by name: every reward shaper, controls with settings of their own, and a user's own.</summary>
internal static partial class ArmCatalogue
{
    private const string ShaperKey = "Etr:Reward:Shaper";

    private static readonly Arm[] Controls =
    [
        OfShaper("random"),
        OfShaper("variation-only"),
        Guarded("alpha-0", "0", "0.9"),
        Guarded("alpha-0.1", "0.1", "0.9"),
        Guarded("alpha-0.2", "0.2", "0.9"),
        Guarded("alpha-0.5", "0.5", "0.9"),
        Guarded("alpha-1", "1", "0.9"),
        Guarded("symmetric", "1", "0.99"),
        new("length-penalty", [new(ShaperKey, "lcpo-exact"), new("Etr:Reward:Budget", "1")]),
    ];

    /// <summary>Names of groups of arms; arms of a group that these settings do not allow are left out.</summary>
    public static IReadOnlyList<string> Groups { get; } = ["all", "shapers", "controls", "doses"];

    /// <summary>Every arm that has a name, shapers first.</summary>
    public static IReadOnlyList<string> Names => [.. RewardShapers.Names.Union(Controls.Select(arm => arm.Name), StringComparer.Ordinal)];

    /// <summary>Reads what a person asked for.</summary>
    /// <param name="list">Names of arms and groups, separated by commas; also own arms without a comma.</param>
    /// <param name="own">Own arms: <c>name:Etr:Key=value;Etr:Key=value</c>.</param>
    /// <returns>The arms in the order of asking, each once.</returns>
    /// <exception cref="ConfigurationException">Some are unknown, or two of the same name differ; it names all of them.</exception>
    public static IReadOnlyList<Arm> Parse(string list, IEnumerable<string> own)
    {
        var arms = new List<Arm>();
        var problems = new List<string>();
        string[] words = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (string word in words.Concat(own))
        {
            foreach (Arm arm in word.Contains(':', StringComparison.Ordinal) ? Own(word, problems) : Find(word, problems))
            {
                Arm? before = arms.Find(other => other.Name == arm.Name);
                if (before is null)
                    arms.Add(arm);
                else if (!before.Settings.SequenceEqual(arm.Settings))
                    problems.Add($"two arms are called {arm.Name}: give one another name");
            }
        }

        if (arms.Count == 0 && problems.Count == 0)
            problems.Add("--shapers: expected at least one arm");
        return problems.Count == 0 ? arms : throw new ConfigurationException(problems);
    }

    private static IEnumerable<Arm> Find(string name, List<string> problems)
    {
        if (Groups.Contains(name))
        {
            IEnumerable<Arm> shapers = RewardShapers.Names.Select(OfShaper);
            IEnumerable<Arm> group = name switch
            {
                "all" => shapers.Concat(Controls).DistinctBy(arm => arm.Name),
                "shapers" => shapers,
                "doses" => Controls.Where(arm => arm.Name.StartsWith("alpha-", StringComparison.Ordinal)),
                _ => Controls,
            };
            return group.Select(arm => arm with { Named = false });
        }

        if (Controls.FirstOrDefault(arm => arm.Name == name) is { } control)
            return [control];
        if (RewardShapers.Names.Contains(name))
            return [OfShaper(name)];
        problems.Add($"there is no arm '{name}'; there are {string.Join(", ", Names)}, the groups {string.Join(", ", Groups)}, and your own as name:Etr:Key=value;Etr:Key=value");
        return [];
    }

    private static IEnumerable<Arm> Own(string text, List<string> problems)
    {
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        string name = text[..colon].Trim();
        if (!OwnName().IsMatch(name) || Groups.Contains(name) || Names.Contains(name))
        {
            problems.Add($"arm '{text}': expected a name of its own before the first colon, of letters, digits, dots and dashes, at most 40, such as mine:Etr:Reward:Beta=2");
            return [];
        }

        try
        {
            string[] pairs = text[(colon + 1)..].Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
            return [new Arm(name, SettingLayer.FromAssignments(pairs).Values)];
        }
        catch (ConfigurationException e)
        {
            problems.AddRange(e.Problems.Select(problem => $"arm {name}: {problem}"));
            return [];
        }
    }

    private static Arm OfShaper(string shaper) => new(shaper, [new(ShaperKey, shaper)]);

    // What a fall of entropy earns, a rise costing 1, all else as in guarded.
    private static Arm Guarded(string name, string alpha, string gamma) =>
        new(name, [new(ShaperKey, "guarded"), new("Etr:Reward:Alpha", alpha), new("Etr:Reward:Beta", "1"), new("Etr:Reward:Gamma", gamma)]);

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9.-]{0,39}$")]
    private static partial Regex OwnName();
}
