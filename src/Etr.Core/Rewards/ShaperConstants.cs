namespace Etr.Core.Rewards;

/// <summary>The constants of the shapers that look at length; those that look at entropy have a preset's.</summary>
public sealed record ShaperConstants
{
    /// <summary>n*, tokens a trace should have under <c>lcpo-exact</c> and <c>lcpo-max</c>. The default value is 40; above 0.</summary>
    public double Budget { get; init; } = 40;

    /// <summary>What a token off the budget costs there. The default value is 3e-4, as published; 0 or more.</summary>
    public double TokenCost { get; init; } = 3e-4;

    /// <summary>What accuracy weighs against length in <c>o1-pruner</c>. The default value is 2, as published; 0 or more.</summary>
    public double AccuracyWeight { get; init; } = 2;

    /// <summary>L_max of <c>overlong</c>, in tokens. The default value is 256; at least 1.</summary>
    public int OverlongLength { get; init; } = 256;

    /// <summary>L_c of <c>overlong</c>, the width of its slope in tokens. The default value is 51; 0 to L_max.</summary>
    public int OverlongBuffer { get; init; } = 51;

    /// <summary>What the reference policy does on each prompt, which <c>o1-pruner</c> needs. The default value is null.</summary>
    public ReferenceFigures? References { get; init; }

    /// <summary>Refuses constants out of range.</summary>
    /// <returns>These constants.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A constant is out of range.</exception>
    public ShaperConstants Checked()
    {
        Check(Budget > 0 && double.IsFinite(Budget), nameof(Budget), Budget, "above 0");
        Check(TokenCost >= 0 && double.IsFinite(TokenCost), nameof(TokenCost), TokenCost, "0 or more");
        Check(AccuracyWeight >= 0 && double.IsFinite(AccuracyWeight), nameof(AccuracyWeight), AccuracyWeight, "0 or more");
        Check(OverlongLength >= 1, nameof(OverlongLength), OverlongLength, "at least 1");
        Check(OverlongBuffer >= 0 && OverlongBuffer <= OverlongLength, nameof(OverlongBuffer), OverlongBuffer, "0 to OverlongLength");
        return this;
    }

    private static void Check(bool good, string name, double value, string range)
    {
        if (!good)
            throw new ArgumentOutOfRangeException(name, value, $"{name} is {range}.");
    }
}
