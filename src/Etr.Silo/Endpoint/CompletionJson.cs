using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Etr.Core.Rollouts;
using Etr.Policy.Tokenizers;

namespace Etr.Silo.Endpoint;

/// <summary>Writes answers as OpenAI's endpoints do, with what vLLM adds for token ids, and with the measures that another silo asks for.</summary>
/// <param name="request">The request.</param>
/// <param name="policy">What answers it.</param>
/// <param name="tokenizer">Names tokens.</param>
/// <param name="prompt">Ids of the prompt.</param>
/// <param name="id">The answer's id.</param>
/// <param name="created">When it was made, in seconds of Unix time.</param>
internal sealed class CompletionJson(CompletionRequest request, ServedPolicy policy, IPolicyTokenizer tokenizer, IReadOnlyList<int> prompt, string id, long created)
{
    // It is JSON for programs, marked as such, and never part of a page.
    private static readonly JsonWriterOptions Options = new() { SkipValidation = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A piece of a stream: what is new of one choice.</summary>
    /// <param name="output">Receives the JSON.</param>
    /// <param name="news">What is new.</param>
    /// <param name="first">Whether it is the choice's first.</param>
    /// <param name="offset">Characters of the choice's text before it.</param>
    public void Piece(IBufferWriter<byte> output, ChoiceNews news, bool first, int offset)
    {
        using var json = new Utf8JsonWriter(output, Options);
        Open(json, request.IsChat ? "chat.completion.chunk" : "text_completion");
        json.WriteStartArray("choices");
        WriteChoice(json, news, first, offset, stream: true);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>The last piece of a stream whose client wants to know how many tokens there were.</summary>
    public void Usage(IBufferWriter<byte> output, int tokens)
    {
        using var json = new Utf8JsonWriter(output, Options);
        Open(json, request.IsChat ? "chat.completion.chunk" : "text_completion");
        json.WriteStartArray("choices");
        json.WriteEndArray();
        WriteUsage(json, tokens);
        json.WriteEndObject();
    }

    /// <summary>A whole answer.</summary>
    public void Whole(IBufferWriter<byte> output, IReadOnlyList<ChoiceNews> choices)
    {
        using var json = new Utf8JsonWriter(output, Options);
        Open(json, request.IsChat ? "chat.completion" : "text_completion");
        json.WriteStartArray("choices");
        foreach (ChoiceNews choice in choices)
            WriteChoice(json, choice, first: true, offset: 0, stream: false);
        json.WriteEndArray();
        if (request is { IsChat: true, ReturnTokenIds: true })
            WriteIds(json, "prompt_token_ids", prompt);
        WriteUsage(json, choices.Sum(choice => choice.Tokens.Count));
        json.WriteEndObject();
    }

    private void Open(Utf8JsonWriter json, string kind)
    {
        json.WriteStartObject();
        json.WriteString("id", id);
        json.WriteString("object", kind);
        json.WriteNumber("created", created);
        json.WriteString("model", policy.Name);
        json.WriteString("system_fingerprint", policy.Policy.Sha256);
    }

    private void WriteUsage(Utf8JsonWriter json, int tokens)
    {
        json.WriteStartObject("usage");
        json.WriteNumber("prompt_tokens", prompt.Count);
        json.WriteNumber("completion_tokens", tokens);
        json.WriteNumber("total_tokens", prompt.Count + tokens);
        json.WriteEndObject();
    }

    private void WriteChoice(Utf8JsonWriter json, ChoiceNews news, bool first, int offset, bool stream)
    {
        json.WriteStartObject();
        json.WriteNumber("index", news.Index);
        if (request.IsChat)
            WriteMessage(json, news, first, stream);
        else
            json.WriteString("text", news.Text);
        if (request.LogProbs < 0)
            json.WriteNull("logprobs");
        else if (request.IsChat)
            WriteChatLogProbs(json, news.Tokens);
        else
            WriteLogProbs(json, news.Tokens, offset);
        if (request.ReturnTokenIds)
        {
            if (first && (stream || !request.IsChat))
                WriteIds(json, "prompt_token_ids", prompt);
            json.WriteStartArray("token_ids");
            foreach (SampledToken token in news.Tokens)
                json.WriteNumberValue(token.Id);
            json.WriteEndArray();
        }

        if (request.Traces is not null)
            WriteMeasures(json, news.Tokens);
        if (news.Finish is null)
            json.WriteNull("finish_reason");
        else
            json.WriteString("finish_reason", news.Finish);
        json.WriteEndObject();
    }

    private static void WriteMessage(Utf8JsonWriter json, ChoiceNews news, bool first, bool stream)
    {
        json.WriteStartObject(stream ? "delta" : "message");
        if (first)
            json.WriteString("role", "assistant");
        json.WriteString("content", news.Text);
        if (!stream)
            json.WriteNull("refusal");
        json.WriteEndObject();
    }

    // What a trace is made of beside ids and log-probabilities: floats to the last bit.
    private static void WriteMeasures(Utf8JsonWriter json, IReadOnlyList<SampledToken> tokens)
    {
        json.WriteStartObject("etr");
        WriteAll(json, "entropies", tokens, token => token.Entropy);
        WriteAll(json, "top_five", tokens, token => token.TopFiveEntropy);
        json.WriteStartArray("breaks");
        foreach (SampledToken token in tokens)
            json.WriteNumberValue(token.ArgMaxBreaks ? 1 : 0);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteAll(Utf8JsonWriter json, string name, IReadOnlyList<SampledToken> tokens, Func<SampledToken, float> figure)
    {
        json.WriteStartArray(name);
        foreach (SampledToken token in tokens)
            json.WriteNumberValue(figure(token));
        json.WriteEndArray();
    }

    private void WriteLogProbs(Utf8JsonWriter json, IReadOnlyList<SampledToken> tokens, int offset)
    {
        json.WriteStartObject("logprobs");
        if (request.Traces is null)
        {
            json.WriteStartArray("tokens");
            foreach (SampledToken token in tokens)
                json.WriteStringValue(NameOf(token.Id));
            json.WriteEndArray();
            json.WriteStartArray("text_offset");
            foreach (SampledToken token in tokens)
            {
                json.WriteNumberValue(offset);
                offset += token.Text.Length;
            }

            json.WriteEndArray();
        }

        WriteAll(json, "token_logprobs", tokens, token => token.LogProb);
        if (request.LogProbs > 0)
        {
            json.WriteStartArray("top_logprobs");
            foreach (SampledToken token in tokens)
                WriteRanks(json, token);
            json.WriteEndArray();
        }
        else
        {
            json.WriteNull("top_logprobs");
        }

        json.WriteEndObject();
    }

    // Two tokens may have the same text; a map has each once, the more probable one.
    private void WriteRanks(Utf8JsonWriter json, SampledToken token)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        json.WriteStartObject();
        foreach (RankedToken rank in Ranks(token))
        {
            if (seen.Add(NameOf(rank.Id)))
                json.WriteNumber(NameOf(rank.Id), rank.LogProb);
        }

        if (seen.Add(NameOf(token.Id)))
            json.WriteNumber(NameOf(token.Id), token.LogProb);
        json.WriteEndObject();
    }

    private void WriteChatLogProbs(Utf8JsonWriter json, IReadOnlyList<SampledToken> tokens)
    {
        json.WriteStartObject("logprobs");
        json.WriteStartArray("content");
        foreach (SampledToken token in tokens)
        {
            json.WriteStartObject();
            WriteToken(json, token.Id, token.LogProb);
            json.WriteStartArray("top_logprobs");
            foreach (RankedToken rank in Ranks(token))
            {
                json.WriteStartObject();
                WriteToken(json, rank.Id, rank.LogProb);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteNull("refusal");
        json.WriteEndObject();
    }

    private IEnumerable<RankedToken> Ranks(SampledToken token) => (token.Ranks ?? []).Take(Math.Max(0, request.LogProbs));

    private void WriteToken(Utf8JsonWriter json, int id, float logProb)
    {
        json.WriteString("token", NameOf(id));
        json.WriteNumber("logprob", logProb);
        ReadOnlyMemory<byte> part = tokenizer.PartOf(id);
        json.WriteStartArray("bytes");
        foreach (byte value in part.IsEmpty ? System.Text.Encoding.UTF8.GetBytes(tokenizer.TextOf(id)) : part.ToArray())
            json.WriteNumberValue(value);
        json.WriteEndArray();
    }

    private string NameOf(int id) => request.TokensAsIds ? string.Create(CultureInfo.InvariantCulture, $"token_id:{id}") : tokenizer.TextOf(id);

    private static void WriteIds(Utf8JsonWriter json, string name, IReadOnlyList<int> ids)
    {
        json.WriteStartArray(name);
        foreach (int id in ids)
            json.WriteNumberValue(id);
        json.WriteEndArray();
    }
}
