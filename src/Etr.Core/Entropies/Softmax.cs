namespace Etr.Core.Entropies;

/// <summary>The two sums of a softmax that everything else follows from, taken in double precision.</summary>
internal readonly struct Softmax
{
    private readonly double _maximum;
    private readonly double _logSum;
    private readonly double _scale;

    private Softmax(double maximum, double logSum, double entropy, double scale)
    {
        _maximum = maximum;
        _logSum = logSum;
        _scale = scale;
        Entropy = entropy;
    }

    public double Entropy { get; }

    public static Softmax Of(ReadOnlySpan<float> logits, double temperature)
    {
        if (logits.IsEmpty)
            throw new ArgumentException("A distribution needs at least one token.", nameof(logits));
        if (!(temperature >= 0 && double.IsFinite(temperature)))
            throw new ArgumentOutOfRangeException(nameof(temperature), temperature, "The temperature is 0 or more.");

        var scale = temperature == 0 ? 1 : 1 / temperature;
        var maximum = float.NegativeInfinity;
        foreach (var logit in logits)
            maximum = Math.Max(maximum, logit);

        double sum = 0, weighted = 0;
        foreach (var logit in logits)
        {
            var shifted = ((double)logit - maximum) * scale;
            var weight = Math.Exp(shifted);
            sum += weight;

            // 0 · −∞ would be NaN: a token that cannot be drawn adds nothing.
            if (weight != 0)
                weighted += weight * shifted;
        }

        // H = ln Z − Σ p·x over shifted x; rounding can leave −1e−17 where one token holds all the mass.
        var entropy = Math.Log(sum) - weighted / sum;
        return new Softmax(maximum, Math.Log(sum), Math.Max(0, entropy), scale);
    }

    public double LogProbability(float logit) => ((double)logit - _maximum) * _scale - _logSum;
}
