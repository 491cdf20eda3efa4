namespace Etr.Core.Statistics;

/// <summary>
/// Pearson's r within groups: each group's two series are taken relative to the group's own means, and the residuals of all
/// groups are pooled, so that differences between groups say nothing. A mutable struct of constant size.
/// </summary>
public struct PooledCorrelation
{
    private double _xx;
    private double _yy;
    private double _xy;

    /// <summary>Pairs in groups of two or more, the ones that count.</summary>
    public int Pairs { get; private set; }

    /// <summary>r, −1 to 1; null where either series has no spread within any group.</summary>
    public readonly double? Value => _xx > 0 && _yy > 0 ? Math.Clamp(_xy / Math.Sqrt(_xx) / Math.Sqrt(_yy), -1, 1) : null;

    /// <summary>Adds a group. One of fewer than two pairs has no residual and changes nothing.</summary>
    /// <param name="x">Finite values.</param>
    /// <param name="y">As many, paired by index.</param>
    /// <exception cref="ArgumentException">The lengths differ, or a value is not finite.</exception>
    public void AddGroup(ReadOnlySpan<double> x, ReadOnlySpan<double> y)
    {
        if (x.Length != y.Length)
            throw new ArgumentException($"{x.Length} values are paired with {y.Length}.", nameof(y));
        var (ofX, ofY) = (Moments.Of(x), Moments.Of(y));
        if (x.Length < 2)
            return;

        Pairs += x.Length;
        for (var i = 0; i < x.Length; i++)
        {
            // Rounding in a constant series must not pass for spread.
            var dx = ofX.IsConstant ? 0 : x[i] - ofX.Mean;
            var dy = ofY.IsConstant ? 0 : y[i] - ofY.Mean;
            _xx += dx * dx;
            _yy += dy * dy;
            _xy += dx * dy;
        }
    }
}
