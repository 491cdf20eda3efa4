using System.Runtime.CompilerServices;

namespace Etr.Core.Trends;

/// <summary>
/// The entropy trend of one trace, kept up to date as each step arrives (arXiv 2604.05355, section 3).
/// </summary>
/// <remarks>
/// <code>
/// Δ_t = H_{t−1} − H_t                          the drop
/// S_t = γ·S_{t−1} + (Δ_t > 0 ? α : β)·Δ_t      the momentum, S_1 = 0
/// R   = Σ_{t≥2} S_t                            the trend
/// </code>
/// A mutable struct of constant size: adding allocates nothing, and a copy is a snapshot to try a provisional step on.
/// </remarks>
public struct TrendAccumulator
{
    private readonly TrendOptions _options;
    private double _previous;
    private double _momentum;

    /// <summary>Begins a trace.</summary>
    /// <param name="options">The constants.</param>
    /// <exception cref="ArgumentOutOfRangeException">A constant is out of range.</exception>
    public TrendAccumulator(TrendOptions options) => _options = options.Checked();

    /// <summary>Steps added.</summary>
    public int Count { get; private set; }

    /// <summary>The trend R so far, in nats; 0 up to the first step.</summary>
    public double Value { get; private set; }

    /// <summary>Adds a step.</summary>
    /// <param name="stepEntropy">Its mean token entropy, in nats.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(double stepEntropy)
    {
        if (Count++ > 0)
        {
            var drop = _previous - stepEntropy;

            // One of the two products is always zero: the rule of the remarks without a branch to mispredict.
            _momentum = _options.Gamma * _momentum + (_options.Alpha * Math.Max(drop, 0) + _options.Beta * Math.Min(drop, 0));
            Value += _momentum;
        }

        _previous = stepEntropy;
    }

    /// <summary>Adds steps in order.</summary>
    /// <param name="stepEntropies">Mean token entropies, in nats.</param>
    public void AddRange(ReadOnlySpan<double> stepEntropies)
    {
        // A local copy stays in registers through the loop.
        var local = this;
        foreach (var stepEntropy in stepEntropies)
            local.Add(stepEntropy);
        this = local;
    }
}
