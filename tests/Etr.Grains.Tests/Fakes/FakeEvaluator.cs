using System.Collections.Concurrent;
using Etr.Grains.Evaluations;
using Etr.Grains.Runs;

namespace Etr.Grains.Tests.Fakes;

/// <summary>Finds what the test says.</summary>
internal sealed class FakeEvaluator : IPolicyEvaluator
{
    /// <summary>Accuracy and length by step; what it throws the evaluation fails with.</summary>
    public Func<int, (double Accuracy, double Length)> Find { get; set; } = _ => (0.5, 10);

    public ConcurrentQueue<int> Asked { get; } = [];

    public Task<RunEvaluation> EvaluateAsync(RunStart run, int version, string sha256, CancellationToken cancellationToken)
    {
        Asked.Enqueue(version);
        (double accuracy, double length) = Find(version);
        return Task.FromResult(new RunEvaluation
        {
            Step = version,
            Accuracy = accuracy,
            AccuracyLow = accuracy,
            AccuracyHigh = accuracy,
            Length = length,
            TrendLengthCorrelation = double.NaN,
            PolicySha256 = sha256,
        });
    }
}
