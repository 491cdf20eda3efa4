using System.Text.Json;
using Etr.Silo.Cli;

namespace Etr.Silo.Conformance;

/// <summary>One case of a file of known answers; says where it stands when something in it is not as expected.</summary>
/// <param name="Place">File and case or line.</param>
/// <param name="Json">Its content.</param>
internal sealed record ConformanceCase(string Place, JsonElement Json)
{
    private const int MostElements = 1_000_000;

    /// <summary>Whether there is a member of this name that is not null.</summary>
    public bool Has(string name) =>
        Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty(name, out JsonElement member) && member.ValueKind != JsonValueKind.Null;

    /// <summary>A member that is text.</summary>
    public string Text(string name) => Member(name, "text", JsonValueKind.String).Json.GetString()!;

    /// <summary>A member that is true or false.</summary>
    public bool Flag(string name) => Member(name, "true or false", JsonValueKind.True, JsonValueKind.False).Json.GetBoolean();

    /// <summary>A member that is a number.</summary>
    public double Number(string name) => Member(name, "a number", JsonValueKind.Number).AsNumber();

    /// <summary>A member that is a number, or a default where there is none.</summary>
    public double Number(string name, double otherwise) => Has(name) ? Number(name) : otherwise;

    /// <summary>A member that is a whole number.</summary>
    public int Whole(string name)
    {
        ConformanceCase member = Member(name, "a whole number", JsonValueKind.Number);
        return member.Json.TryGetInt32(out int value) ? value : throw Wrong($"'{name}' to be a whole number", member.Json.GetRawText());
    }

    /// <summary>A member that is a list of numbers.</summary>
    public double[] Numbers(string name) => [.. Items(name).Select(item => item.AsNumber())];

    /// <summary>A member that is a list of trues and falses.</summary>
    public bool[] Flags(string name) => [.. Items(name).Select(item => item.AsFlag())];

    /// <summary>A member that is a list of lists of numbers of one length.</summary>
    public double[][] Rectangle(string name)
    {
        double[][] rows = [.. Items(name).Select(row => row.AsList().Select(item => item.AsNumber()).ToArray())];
        return rows.Length > 0 && rows.All(row => row.Length == rows[0].Length) ? rows : throw Wrong($"'{name}' to be rows of one length", "others");
    }

    /// <summary>The elements of a member that is a list.</summary>
    public IReadOnlyList<ConformanceCase> Items(string name) => Member(name, "a list", JsonValueKind.Array).AsList();

    private IReadOnlyList<ConformanceCase> AsList()
    {
        if (Json.ValueKind != JsonValueKind.Array)
            throw Wrong("a list", ConformanceFile.Kind(Json));
        int count = Json.GetArrayLength();
        return count <= MostElements
            ? [.. Json.EnumerateArray().Select((item, i) => new ConformanceCase($"{Place}[{i}]", item))]
            : throw Wrong($"at most {MostElements} elements", count.ToString(System.Globalization.CultureInfo.InvariantCulture));
    }

    private double AsNumber() =>
        Json.ValueKind != JsonValueKind.Number ? throw Wrong("a number", ConformanceFile.Kind(Json))
        : Json.TryGetDouble(out double value) && double.IsFinite(value) ? value
        : throw Wrong("a finite number", Json.GetRawText());

    private bool AsFlag() => Json.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("true or false", ConformanceFile.Kind(Json)),
    };

    private ConformanceCase Member(string name, string expected, params ReadOnlySpan<JsonValueKind> kinds)
    {
        JsonElement member = default;
        if (Json.ValueKind != JsonValueKind.Object || !Json.TryGetProperty(name, out member) || !kinds.Contains(member.ValueKind))
            throw Wrong($"'{name}' to be {expected}", ConformanceFile.Kind(member));
        return new ConformanceCase($"{Place}, {name}", member);
    }

    private CommandFailure Wrong(string expected, string found) => new($"{Place}: expected {expected}, found {found}");
}
