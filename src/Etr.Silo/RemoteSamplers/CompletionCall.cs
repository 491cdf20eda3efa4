using System.Buffers;
using System.Text.Json;
using Etr.Core.Entropies;
using Etr.Core.Rollouts;

namespace Etr.Silo.RemoteSamplers;

/// <summary>One request for completions, as it is sent.</summary>
/// <param name="Model">The model's name on the server.</param>
/// <param name="Prompt">Prompt and prefix, ids.</param>
/// <param name="Prefix">How many of the last of them are the trace's own beginning.</param>
/// <param name="Request">Whose traces they are.</param>
/// <param name="Slots">The slots, a choice each.</param>
/// <param name="MaxTokens">Most new tokens of each.</param>
internal sealed record CompletionCall(string Model, IReadOnlyList<int> Prompt, int Prefix, RolloutRequest Request, IReadOnlyList<uint> Slots, int MaxTokens)
{
    // What a token's ids, texts and log-probabilities take at the very most, five ranks with their names included.
    private const int BytesOfToken = 2048;
    private const long BytesOfFrame = 1 << 20;

    /// <summary>Most bytes that an answer could have.</summary>
    public long MostBytes => BytesOfFrame + Slots.Count * (BytesOfFrame / 16 + 16L * Prompt.Count + (long)MaxTokens * BytesOfToken);

    /// <summary>The body.</summary>
    /// <param name="isEtr">Whether the server is another silo, which is told which traces they are.</param>
    public byte[] Body(bool isEtr)
    {
        var buffer = new ArrayBufferWriter<byte>(256 + 8 * Prompt.Count);
        using var json = new Utf8JsonWriter(buffer);
        json.WriteStartObject();
        json.WriteString("model", Model);
        json.WriteStartArray("prompt");
        foreach (int id in Prompt)
            json.WriteNumberValue(id);
        json.WriteEndArray();
        json.WriteNumber("n", Slots.Count);
        json.WriteNumber("max_tokens", MaxTokens);
        WriteSampling(json, Request.Sampling);
        json.WriteBoolean("stream", true);
        json.WriteBoolean("return_token_ids", true);
        if (isEtr)
            WriteTraces(json);
        else
            WriteOthers(json);
        json.WriteEndObject();
        json.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static void WriteSampling(Utf8JsonWriter json, SamplingOptions sampling)
    {
        json.WriteNumber("temperature", sampling.Temperature);
        json.WriteNumber("top_p", sampling.TopP);
        if (sampling.TopK > 0)
            json.WriteNumber("top_k", sampling.TopK);
    }

    private void WriteTraces(Utf8JsonWriter json)
    {
        json.WriteNumber("logprobs", 0);
        json.WriteNumber("seed", unchecked((long)Request.Seed));
        json.WriteStartObject("etr");
        json.WriteNumber("prompt", Request.PromptIndex);
        json.WriteNumber("round", Request.Round);
        json.WriteNumber("prefix", Prefix);
        json.WriteStartArray("slots");
        foreach (uint slot in Slots)
            json.WriteNumberValue(slot);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    // A seed that no other trace of the run has: servers count up from it over the choices.
    private void WriteOthers(Utf8JsonWriter json)
    {
        json.WriteNumber("logprobs", TokenEntropy.TopCount);
        json.WriteBoolean("return_tokens_as_token_ids", true);
        (uint x, uint y, _, _) = Philox4x32.Block(Request.Seed, (Request.PromptIndex, Request.Round, Slots[0], (uint)Prefix));
        json.WriteNumber("seed", (long)(((ulong)x << 32 | y) >> 2));
    }
}
