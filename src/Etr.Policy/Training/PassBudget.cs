using Etr.Policy.Memory;

namespace Etr.Policy.Training;

/// <summary>How much of a step one pass holds.</summary>
/// <param name="Tokens">Most tokens of a micro-batch; one trace may have more.</param>
/// <param name="Checkpointing">Whether layers keep their inputs alone.</param>
internal readonly record struct PassSize(int Tokens, bool Checkpointing);

/// <summary>
/// Makes a step again in smaller passes where memory runs out: micro-batches of half the tokens, down to one trace each, then with
/// checkpointing. The gradient is the same whatever the passes, so the step is. What has been learnt about the device stays.
/// </summary>
internal sealed class PassBudget(PassSize start)
{
    /// <summary>The passes that steps are made in now.</summary>
    public PassSize Size { get; private set; } = start;

    /// <summary>How often memory ran out in the last step.</summary>
    public int Retries { get; private set; }

    /// <summary>Makes a step.</summary>
    /// <param name="longest">Tokens of the longest trace, prompt included: smaller micro-batches hold one trace all the same.</param>
    /// <param name="step">Makes it whole, or changes nothing.</param>
    /// <exception cref="InvalidOperationException">Memory runs out in the smallest passes too.</exception>
    public T Run<T>(int longest, Func<PassSize, T> step)
    {
        Retries = 0;
        while (true)
        {
            try
            {
                return step(Size);
            }
            catch (Exception e) when (MemoryExhaustion.Is(e))
            {
                // What the failed passes held went with their scopes. No collection is asked for: it would finalise what other threads'
                // native calls still read.
                Retries++;
                if (!TryHalve(longest))
                {
                    throw new InvalidOperationException(
                        $"memory ran out while training on one trace of up to {longest} tokens at a time, with checkpointing ({e.Message.Split('\n')[0]}): "
                        + "lower Etr:Sampling:MaxNewTokens, train adapters (Etr:Training:Lora:Rank=16), hold weights in half precision (Etr:Policy:Weights=bf16), "
                        + "let the sampler hold less (Etr:Policy:CacheTokens), or take a device with more memory", e);
                }
            }
        }
    }

    private bool TryHalve(int longest)
    {
        if (Size.Tokens > longest)
        {
            Size = Size with { Tokens = Math.Max(longest, Size.Tokens / 2) };
            return true;
        }

        if (Size.Checkpointing)
            return false;
        Size = Size with { Checkpointing = true };
        return true;
    }
}
