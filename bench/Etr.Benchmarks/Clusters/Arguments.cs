using System.Globalization;

namespace Etr.Benchmarks.Clusters;

/// <summary>Options of a verb, <c>--name value</c> each.</summary>
internal sealed class Arguments(string[] args)
{
    public string Text(string name, string otherwise)
    {
        int at = Array.IndexOf(args, name);
        return at >= 0 && at + 1 < args.Length ? args[at + 1] : otherwise;
    }

    public int Number(string name, int otherwise) => int.Parse(Text(name, otherwise.ToString(CultureInfo.InvariantCulture)), CultureInfo.InvariantCulture);

    public int[] Numbers(string name, string otherwise) => [.. Text(name, otherwise).Split(',').Select(number => int.Parse(number, CultureInfo.InvariantCulture))];

    public bool Has(string name) => args.Contains(name);
}
