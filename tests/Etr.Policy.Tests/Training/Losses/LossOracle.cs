namespace Etr.Policy.Tests.Training.Losses;

/// <summary>
/// The formulas once more, a number at a time in double precision and without a tensor. <c>Frozen</c> log-probabilities stand where
/// no gradient flows; for the value itself they are the same as <c>Now</c>.
/// </summary>
internal sealed record OracleTrace(double[] Now, double[] Frozen, double[] Start, double[] Sampler, double Advantage);

internal static class LossOracle
{
    public static double Step(string loss, string aggregation, int constant, string correction, IReadOnlyList<OracleTrace> traces)
    {
        double total = 0.0;
        double tokens = traces.Sum(trace => trace.Now.Length);
        foreach (OracleTrace trace in traces)
        {
            double product = 1.0;
            for (int i = 0; i < trace.Now.Length; i++)
                product *= Math.Exp(trace.Start[i]) / Math.Exp(trace.Sampler[i]);
            double sum = 0.0;
            for (int i = 0; i < trace.Now.Length; i++)
            {
                double weight = correction switch
                {
                    "token-tis" => Math.Min(2.0, Math.Exp(trace.Start[i]) / Math.Exp(trace.Sampler[i])),
                    "sequence-mis" => product <= 3.0 ? product : 0.0,
                    _ => 1.0,
                };
                sum += weight * Token(loss, trace, i, correction == "none" ? trace.Sampler : trace.Start);
            }

            total += aggregation switch
            {
                "token-mean" => sum / tokens,
                "seq-mean-token-mean" => sum / trace.Now.Length / traces.Count,
                "seq-mean-token-sum" => sum / traces.Count,
                _ => sum / (traces.Count * (double)constant),
            };
        }

        return total;
    }

    private static double Token(string loss, OracleTrace trace, int i, double[] old)
    {
        double a = trace.Advantage;
        double ratio = Math.Exp(trace.Now[i] - old[i]);
        switch (loss)
        {
            case "grpo":
            case "dr-grpo":
                return Clipped(ratio, a, 0.8, 1.2, 3.0);
            case "dapo":
                return Clipped(ratio, a, 0.8, 1.28, 3.0);
            case "gspo":
                double mean = 0.0;
                for (int t = 0; t < old.Length; t++)
                    mean += (trace.Now[t] - old[t]) / old.Length;
                return Clipped(Math.Exp(mean), a, 1.0 - 3e-4, 1.0 + 4e-4, double.PositiveInfinity);
            case "cispo":
                return -Math.Min(Math.Exp(trace.Frozen[i] - old[i]), 5.0) * a * trace.Now[i];
            case "sapo":
                double temperature = a > 0.0 ? 1.0 : 1.05;
                return -4.0 / temperature / (1.0 + Math.Exp(-temperature * (ratio - 1.0))) * a;
            default:
                throw new ArgumentException(loss);
        }
    }

    private static double Clipped(double ratio, double a, double low, double high, double dual)
    {
        double surrogate = Math.Min(ratio * a, Math.Min(Math.Max(ratio, low), high) * a);
        return -(a < 0.0 ? Math.Max(surrogate, dual * a) : surrogate);
    }
}
