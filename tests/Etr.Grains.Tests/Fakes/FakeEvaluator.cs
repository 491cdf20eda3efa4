using System.Collections.Concurrent;
using Etr.Grains.Evaluations;
using Etr.Grains.Runs;

namespace Etr.Grains.Tests.Fakes;

/// <summary>Finds what the test says.</summary>
internal sealed class FakeEvaluator : IPolicyEvaluator
{
    /// <summary>Accuracy and length by step; what it throws the evaluation fails with.</summary>
    public Func<int, (double Accuracy, double Length)> Find { get; set; } = _ => (0.5, 10);

    /// <summary>Runs before an evaluation is made.</summary>
    public Func<int, Task> Before { get; set; } = _ => Task.CompletedTask;

    public ConcurrentQueue<int> Asked { get; } = [];

    public async Task<RunEvaluation> EvaluateAsync(RunStart run, int version, string sha256, CancellationToken cancellationToken)
    {
        Asked.Enqueue(version);
        await Before(version).WaitAsync(cancellationToken);
        (double accuracy, double length) = Find(version);
        return new RunEvaluation
        {
            Step = version,
            Accuracy = accuracy,
            AccuracyLow = accuracy,
            AccuracyHigh = accuracy,
            Length = length,
            TrendLengthCorrelation = double.NaN,
            PolicySha256 = sha256,
        };
    }
}
