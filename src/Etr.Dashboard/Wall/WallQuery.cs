using System.Globalization;

namespace Etr.Dashboard.Wall;

/// <summary>How the wall is ordered.</summary>
internal enum WallSort
{
    /// <summary>By prompt.</summary>
    Prompt,

    /// <summary>Those being drawn first.</summary>
    Live,

    /// <summary>Entropy that rises most, first.</summary>
    Rise,

    /// <summary>Entropy that moves least, first.</summary>
    Flattest,

    /// <summary>Most tokens first.</summary>
    Longest,

    /// <summary>Longest without news, first.</summary>
    Oldest,

    /// <summary>Lowest accuracy first.</summary>
    Wrong,
}

/// <summary>Which verdict a cell must have.</summary>
internal enum WallVerdict
{
    /// <summary>Any.</summary>
    Any,

    /// <summary>Every trace right.</summary>
    Right,

    /// <summary>Some right, some wrong.</summary>
    Mixed,

    /// <summary>Every trace wrong.</summary>
    Wrong,

    /// <summary>Not graded yet.</summary>
    Open,
}

/// <summary>How hard a prompt is for the policy: by its mean accuracy over its known rounds.</summary>
internal enum WallDifficulty
{
    /// <summary>Any.</summary>
    Any,

    /// <summary>At least 7 of 8 traces right.</summary>
    Easy,

    /// <summary>Between the two.</summary>
    Medium,

    /// <summary>At most 1 of 8 traces right.</summary>
    Hard,
}

/// <summary>What of the wall is shown and in which order: all of it is in the URL.</summary>
internal sealed record WallQuery
{
    private const int MostPins = 64;

    public WallSort Sort { get; init; }

    public WallVerdict Verdict { get; init; }

    /// <summary>Category; empty for all.</summary>
    public string Category { get; init; } = "";

    /// <summary>How hard.</summary>
    public WallDifficulty Difficulty { get; init; }

    /// <summary>Data set; empty for all.</summary>
    public string DataSet { get; init; } = "";

    /// <summary>The silo that draws; empty for all.</summary>
    public string Silo { get; init; } = "";

    /// <summary>Policy version; null for all.</summary>
    public long? Version { get; init; }

    /// <summary>Prompts that stay in front, in any order.</summary>
    public IReadOnlySet<int> Pins { get; init; } = new SortedSet<int>();

    /// <summary>Reads the URL's parameters; what can't be read counts as absent.</summary>
    public static WallQuery Parse(string? sort, string? verdict, string? category, string? pins)
    {
        var pinned = (pins ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries)
            .Select(pin => int.TryParse(pin, NumberStyles.None, CultureInfo.InvariantCulture, out var prompt) ? prompt : -1)
            .Where(prompt => prompt >= 0)
            .Take(MostPins);
        return new WallQuery
        {
            Sort = Read<WallSort>(sort),
            Verdict = Read<WallVerdict>(verdict),
            Category = category ?? "",
            Pins = new SortedSet<int>(pinned),
        };
    }

    /// <summary>With the further filters of the URL.</summary>
    public WallQuery Filtered(string? difficulty, string? dataSet, string? silo, string? version) => this with
    {
        Difficulty = Read<WallDifficulty>(difficulty),
        DataSet = dataSet ?? "",
        Silo = silo ?? "",
        Version = long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null,
    };

    /// <summary>Pins a prompt, or lets it go.</summary>
    public WallQuery TogglePin(int prompt)
    {
        var pins = new SortedSet<int>(Pins);
        if (!pins.Remove(prompt) && pins.Count < MostPins)
            pins.Add(prompt);
        return this with { Pins = pins };
    }

    /// <summary>The URL's parameters, defaults left out.</summary>
    public IReadOnlyDictionary<string, object?> ToParameters() => new Dictionary<string, object?>
    {
        ["sort"] = Sort == default ? null : Word(Sort),
        ["verdict"] = Verdict == default ? null : Word(Verdict),
        ["category"] = Category.Length == 0 ? null : Category,
        ["difficulty"] = Difficulty == default ? null : Word(Difficulty),
        ["set"] = DataSet.Length == 0 ? null : DataSet,
        ["silo"] = Silo.Length == 0 ? null : Silo,
        ["version"] = Version,
        ["pin"] = Pins.Count == 0 ? null : string.Join(',', Pins),
    };

    /// <summary>The word of a choice in URLs.</summary>
    public static string Word(Enum choice) => choice.ToString().ToLowerInvariant();

    private static T Read<T>(string? word) where T : struct, Enum =>
        Array.Find(Enum.GetValues<T>(), choice => Word(choice) == word);
}
