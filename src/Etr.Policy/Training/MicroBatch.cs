using Etr.Policy.Training.Losses;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>A micro-batch as tensors: the rectangle of ids the model sees, and what is known of each response token, packed in one row.</summary>
/// <param name="Ids">Ids, int64, [traces, length], left-aligned; 0 as padding at the right, which causal attention never looks at.</param>
/// <param name="Positions">Where in the flattened rectangle each response token is predicted, int64, [tokens].</param>
/// <param name="Targets">Ids of the response tokens, int64, [tokens].</param>
/// <param name="OldLogProbs">The sampler's log-probabilities (nats), [tokens].</param>
/// <param name="Advantages">Each token's advantage, [tokens].</param>
/// <param name="Weights">Each token's weight in the aggregated loss, [tokens].</param>
/// <param name="Traces">Which trace each token is of.</param>
internal sealed record MicroBatch(
    torch.Tensor Ids,
    torch.Tensor Positions,
    torch.Tensor Targets,
    torch.Tensor OldLogProbs,
    torch.Tensor Advantages,
    torch.Tensor Weights,
    TraceRows Traces)
{
    /// <summary>Lays traces out. The tensors belong to the caller's dispose scope.</summary>
    /// <param name="traces">The rectangle's rows, at least one.</param>
    /// <param name="type">Element type of the model.</param>
    /// <param name="device">Where the model is.</param>
    public static MicroBatch Of(IReadOnlyList<StepTrace> traces, torch.ScalarType type, torch.Device device)
    {
        int width = traces.Max(trace => trace.InputLength);
        int count = traces.Sum(trace => trace.Trace.Tokens.Count);
        long[] ids = new long[traces.Count * width];
        long[] positions = new long[count];
        long[] targets = new long[count];
        double[] oldLogProbs = new double[count];
        double[] advantages = new double[count];
        double[] weights = new double[count];
        long[] rows = new long[count];
        int next = 0;
        for (int row = 0; row < traces.Count; row++)
        {
            StepTrace trace = traces[row];
            int start = row * width;
            for (int i = 0; i < trace.InputLength; i++)
                ids[start + i] = trace.TokenAt(i);
            for (int i = 0; i < trace.Trace.Tokens.Count; i++, next++)
            {
                positions[next] = start + trace.Prompt.Count - 1 + i;
                targets[next] = trace.Trace.Tokens[i];
                oldLogProbs[next] = trace.Trace.LogProbs[i];
                advantages[next] = trace.Trace.Advantage;
                weights[next] = trace.Weight;
                rows[next] = row;
            }
        }

        return new MicroBatch(
            torch.tensor(ids, device: device).view(traces.Count, width),
            torch.tensor(positions, device: device),
            torch.tensor(targets, device: device),
            torch.tensor(oldLogProbs, dtype: type, device: device),
            torch.tensor(advantages, dtype: type, device: device),
            torch.tensor(weights, dtype: type, device: device),
            new TraceRows(
                torch.tensor(rows, device: device),
                torch.tensor([.. traces.Select(trace => (double)trace.Trace.Tokens.Count)], dtype: type, device: device)));
    }
}
