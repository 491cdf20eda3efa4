using BenchmarkDotNet.Attributes;
using Etr.Core.Advantages;
using Etr.Core.Rewards;
using Etr.Core.Steps;
using Etr.Core.Trends;

namespace Etr.Benchmarks;

/// <summary>
/// The cost of the method itself, in nanoseconds a step entropy (a token, for the segmentation) on one core: 10 ns is
/// 100 million a second.
/// </summary>
[Config(typeof(ShortInProcess))]
[MemoryDiagnoser]
public class TrendBenchmarks
{
    private const int GroupSize = 8;
    private const int Groups = 256;
    private const int StepsPerTrace = 32;
    private const int Steps = GroupSize * Groups * StepsPerTrace;

    private readonly double[] _entropies = new double[Steps];
    private readonly ShapedReward[] _rewards = new ShapedReward[GroupSize * Groups];
    private readonly double[] _advantages = new double[GroupSize * Groups];
    private readonly int[] _groupSizes = new int[Groups];
    private readonly string[] _texts = new string[Steps];
    private readonly IAdvantageEstimator _estimator = AdvantageEstimators.Create("trend-normalized");

    /// <summary>Fills the inputs: entropies of 0 to 2 nats, three traces of four right, a blank line every eighth token.</summary>
    [GlobalSetup]
    public void Fill()
    {
        var random = new Random(17);
        for (var i = 0; i < Steps; i++)
        {
            _entropies[i] = 2 * random.NextDouble();
            _texts[i] = i % 8 == 7 ? "\n\n" : "word";
        }

        for (var i = 0; i < _rewards.Length; i++)
            _rewards[i] = new ShapedReward(0, random.Next(4) > 0, -random.NextDouble());
        Array.Fill(_groupSizes, GroupSize);
    }

    /// <summary>The streaming trend, step by step.</summary>
    [Benchmark(OperationsPerInvoke = Steps)]
    public double Trend()
    {
        var sum = 0.0;
        for (var start = 0; start < Steps; start += StepsPerTrace)
        {
            var trend = new TrendAccumulator(TrendOptions.Guarded);
            foreach (var entropy in _entropies.AsSpan(start, StepsPerTrace))
                trend.Add(entropy);
            sum += trend.Value;
        }

        return sum;
    }

    /// <summary>The same, followed by the advantages of every group.</summary>
    [Benchmark(OperationsPerInvoke = Steps)]
    public double TrendAndAdvantage()
    {
        for (var trace = 0; trace < _rewards.Length; trace++)
        {
            var trend = new TrendAccumulator(TrendOptions.Guarded);
            trend.AddRange(_entropies.AsSpan(trace * StepsPerTrace, StepsPerTrace));
            _rewards[trace] = _rewards[trace] with { Trend = trend.Value };
        }

        _estimator.Estimate(_rewards, _groupSizes, _advantages);
        return _advantages[0];
    }

    /// <summary>The closed form, for comparison.</summary>
    [Benchmark(OperationsPerInvoke = Steps)]
    public double ClosedForm()
    {
        var sum = 0.0;
        for (var start = 0; start < Steps; start += StepsPerTrace)
            sum += EntropyTrend.Of(_entropies.AsSpan(start, StepsPerTrace), TrendOptions.Guarded);
        return sum;
    }

    /// <summary>Cutting text into steps and averaging their entropies, token by token.</summary>
    [Benchmark(OperationsPerInvoke = Steps)]
    public double StepsFromTokens()
    {
        var accumulator = new StepEntropyAccumulator();
        var sum = 0.0;
        for (var i = 0; i < Steps; i++)
        {
            if (accumulator.Add(_texts[i], _entropies[i], out var finished))
                sum += finished;
        }

        return sum;
    }
}
