namespace Etr.Policy.Models;

/// <summary>The decoders this program runs. They differ in biases, in norms of the heads, and in how positions are turned.</summary>
public enum ModelArchitecture
{
    /// <summary>Qwen2 and 2.5, and what was distilled into them: biases on q, k and v.</summary>
    Qwen2,

    /// <summary>Qwen3: each head of q and k normalised before it is turned, no biases.</summary>
    Qwen3,

    /// <summary>Llama 2 and 3: neither; the frequencies of 3.1 and later are scaled.</summary>
    Llama,

    /// <summary>Mistral without an active sliding window: as Llama.</summary>
    Mistral,
}
