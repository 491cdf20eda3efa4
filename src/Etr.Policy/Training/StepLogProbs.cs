using Etr.Core.Training;
using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>
/// The learner's log-probabilities of a step's drawn tokens, a value a token, as they come out of the passes. They stay on the device,
/// in one tensor that is made before the first pass, and are read once at the end: no micro-batch waits for the host.
/// </summary>
internal sealed class StepLogProbs
{
    private readonly StepPlan _plan;
    private readonly torch.Tensor _values;
    private readonly long[][] _starts;
    private readonly int[] _updatesBefore;

    /// <summary>Room for a step's tokens, in the caller's dispose scope.</summary>
    /// <param name="plan">The step.</param>
    /// <param name="device">Where the model is.</param>
    public StepLogProbs(StepPlan plan, torch.Device device)
    {
        _plan = plan;
        _updatesBefore = new int[plan.Updates.Count];
        _starts = [.. plan.Updates.Select(update => new long[update.Count])];
        long tokens = 0;
        for (int update = 0; update < _starts.Length; update++)
        {
            for (int i = 0; i < _starts[update].Length; i++)
            {
                _starts[update][i] = tokens;
                tokens += Tokens(plan.Updates[update][i]);
            }
        }

        // What no pass comes to stays what no pass can give.
        _values = torch.zeros([tokens], dtype: torch.ScalarType.Float32, device: device).AddInPlace(double.NaN);
    }

    /// <summary>Keeps a micro-batch's values. Several threads may do so at once, each for its own.</summary>
    /// <param name="update">The micro-batch's update, from 0.</param>
    /// <param name="microBatch">Its place in the update.</param>
    /// <param name="logProbs">nats, [tokens]; no gradient flows through what is kept.</param>
    /// <param name="updatesBefore">Updates that the step had made when they were computed.</param>
    public void Keep(int update, int microBatch, torch.Tensor logProbs, int updatesBefore)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        _values.narrow(0, _starts[update][microBatch], logProbs.numel()).copy_(logProbs.detach());
        _updatesBefore[update] = updatesBefore;
    }

    /// <summary>Waits for the device; the traces whose values are all there and finite, by ordinal and slot.</summary>
    public IReadOnlyList<LearnerTrace> Read()
    {
        if (_values.numel() == 0)
            return [];
        using DisposeScope scope = torch.NewDisposeScope();
        ReadOnlySpan<float> values = _values.cpu().data<float>().ToArray();
        List<LearnerTrace> traces = [];
        for (int update = 0; update < _plan.Updates.Count; update++)
        {
            foreach (StepTrace trace in _plan.Updates[update].SelectMany(rows => rows))
            {
                float[] own = values[..trace.Trace.Tokens.Count].ToArray();
                values = values[own.Length..];
                if (Array.TrueForAll(own, float.IsFinite))
                    traces.Add(new LearnerTrace(trace.Ordinal, trace.Slot, own, _updatesBefore[update]));
            }
        }

        return [.. traces.OrderBy(trace => trace.Ordinal).ThenBy(trace => trace.Slot)];
    }

    private static long Tokens(IReadOnlyList<StepTrace> rows) => rows.Sum(row => (long)row.Trace.Tokens.Count);
}
