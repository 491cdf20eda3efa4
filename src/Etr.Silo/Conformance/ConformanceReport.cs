using System.Globalization;

namespace Etr.Silo.Conformance;

/// <summary>Counts checks and writes a line for each that failed.</summary>
internal sealed class ConformanceReport(TextWriter output)
{
    private readonly SortedDictionary<string, int> _skipped = new(StringComparer.Ordinal);

    /// <summary>Checks that held.</summary>
    public int Passed { get; private set; }

    /// <summary>Checks that did not.</summary>
    public int Failed { get; private set; }

    /// <summary>Wrong answers that were called right; null where the kind doesn't grade.</summary>
    public int? FalsePositives { get; private set; }

    /// <summary>Checks a number.</summary>
    /// <param name="place">Which one.</param>
    /// <param name="expected">What it must be.</param>
    /// <param name="actual">What it is.</param>
    /// <param name="tolerance">Allowed difference, relative where |expected| is over 1 or <paramref name="relative"/>.</param>
    /// <param name="relative">Whether small numbers are held to the relative difference too.</param>
    public void Close(string place, double expected, double actual, double tolerance, bool relative = true)
    {
        double scale = relative ? Math.Abs(expected) : Math.Max(1, Math.Abs(expected));
        // Numbers that are zero but for rounding have no relative difference to speak of.
        bool close = Math.Abs(expected - actual) <= Math.Max(tolerance * scale, tolerance * tolerance);
        That(place, close, string.Create(CultureInfo.InvariantCulture, $"expected {expected:R}, found {actual:R}"));
    }

    /// <summary>Checks a statement.</summary>
    public void That(string place, bool holds, string otherwise)
    {
        if (holds)
        {
            Passed++;
            return;
        }

        Failed++;
        output.WriteLine($"FAIL {place}: {otherwise}");
    }

    /// <summary>Checks a verdict; one that calls a wrong answer right is counted apart.</summary>
    public void Verdict(string place, bool expected, bool actual, string about)
    {
        FalsePositives = (FalsePositives ?? 0) + (actual && !expected ? 1 : 0);
        That(place, expected == actual, $"expected {Word(expected)}, graded {Word(actual)}: {about}");
    }

    /// <summary>Counts a case that this program has no function for.</summary>
    public void Skip(string what) => _skipped[what] = _skipped.GetValueOrDefault(what) + 1;

    /// <summary>Writes the closing lines.</summary>
    public void Close()
    {
        foreach ((string what, int count) in _skipped)
            output.WriteLine($"skipped {count}: {what}");
        if (FalsePositives is { } falsePositives)
            output.WriteLine($"false-positives {falsePositives}");
        output.WriteLine($"{Passed} passed, {Failed} failed");
    }

    private static string Word(bool right) => right ? "right" : "wrong";
}
