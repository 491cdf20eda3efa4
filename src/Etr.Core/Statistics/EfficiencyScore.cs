namespace Etr.Core.Statistics;

/// <summary>The accuracy–efficiency score used by the paper (arXiv 2604.05355, section 4).</summary>
public static class EfficiencyScore
{
    private const double AccuracyWeight = 5;

    /// <summary>AES = (L0 − L)/L0 + 5·(A − A0)/A0.</summary>
    /// <param name="lengthBefore">L0, mean length in tokens, above 0.</param>
    /// <param name="accuracyBefore">A0, 0 to 1.</param>
    /// <param name="lengthAfter">L, mean length in tokens.</param>
    /// <param name="accuracyAfter">A, 0 to 1.</param>
    /// <returns>0 for no change, positive for shorter or righter; null where L0 or A0 is 0.</returns>
    public static double? Of(double lengthBefore, double accuracyBefore, double lengthAfter, double accuracyAfter) =>
        lengthBefore > 0 && accuracyBefore > 0
            ? (lengthBefore - lengthAfter) / lengthBefore + AccuracyWeight * (accuracyAfter - accuracyBefore) / accuracyBefore
            : null;
}
