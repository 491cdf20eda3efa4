using System.Text.Json;
using Etr.Core.Rollouts;
using Etr.Policy.Tokenizers.Chat;

namespace Etr.Silo.Endpoint;

/// <summary>Reads a request within bounds. What it would have to ignore it refuses, so that nobody is answered another question.</summary>
internal sealed class CompletionReader(JsonElement body, bool isChat, int mostTokens, int mostChoices)
{
    private const int MostMessages = 256;
    private const int MostStops = 16;
    private const int LongestStop = 256;

    // OpenAI's own defaults of the older endpoint.
    private const int DefaultTokens = 16;

    // Each is refused unless it says what is done anyway.
    private static readonly (string Name, double Neutral)[] Neutral =
        [("frequency_penalty", 0), ("presence_penalty", 0), ("repetition_penalty", 1), ("min_p", 0), ("min_tokens", 0), ("best_of", 1), ("length_penalty", 1)];

    private static readonly string[] Unknown =
        ["logit_bias", "suffix", "tools", "functions", "response_format", "prompt_embeds", "stop_token_ids", "guided_json", "guided_regex", "guided_choice", "prompt_logprobs", "audio", "modalities"];

    /// <summary>The request.</summary>
    /// <exception cref="ApiException">Something in it is not allowed.</exception>
    public CompletionRequest Read()
    {
        if (body.ValueKind != JsonValueKind.Object)
            throw ApiException.Bad("body", "expected a JSON object");
        RefuseWhatIsNotDone();
        int choices = Whole("n", 1, mostChoices) ?? 1;
        TraceRequest? traces = Traces(choices);
        int limit = Whole("max_completion_tokens", 1, mostTokens) ?? Whole("max_tokens", 1, mostTokens) ?? (isChat ? mostTokens : Math.Min(DefaultTokens, mostTokens));
        var request = new CompletionRequest
        {
            IsChat = isChat,
            Model = Text("model") ?? "",
            Choices = choices,
            Sampling = new SamplingOptions
            {
                Temperature = Number("temperature", 0, 10) ?? 1,
                TopP = Number("top_p", 1e-6, 1) ?? 1,
                TopK = Math.Max(0, Whole("top_k", -1, 1_000_000) ?? 0),
                MaxNewTokens = limit,
            },
            Seed = Find("seed") is { } seed ? seed.TryGetInt64(out long whole) ? unchecked((ulong)whole) : throw ApiException.Bad("seed", "expected a 64-bit whole number") : null,
            Stops = Stops(),
            Stream = Flag("stream"),
            StreamUsage = Find("stream_options") is { ValueKind: JsonValueKind.Object } options && options.TryGetProperty("include_usage", out JsonElement usage) && usage.ValueKind == JsonValueKind.True,
            LogProbs = LogProbs(),
            ReturnTokenIds = Flag("return_token_ids"),
            TokensAsIds = Flag("return_tokens_as_token_ids"),
            Traces = traces,
        };
        return isChat ? request with { Messages = Messages() } : WithPrompt(request);
    }

    private void RefuseWhatIsNotDone()
    {
        foreach (string name in Unknown)
        {
            if (Find(name) is { } value && !IsEmpty(value) && !IsPlainText(name, value))
                throw ApiException.Bad(name, "is not done here");
        }

        foreach ((string name, double neutral) in Neutral)
        {
            if (Find(name) is { } value && !(value.ValueKind == JsonValueKind.Number && value.GetDouble() == neutral))
                throw ApiException.Bad(name, FormattableString.Invariant($"is not done here; leave it out or say {neutral}"));
        }

        foreach (string name in (string[])["echo", "ignore_eos", "use_beam_search"])
        {
            if (Flag(name))
                throw ApiException.Bad(name, "is not done here");
        }
    }

    private static bool IsEmpty(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        JsonValueKind.String => value.GetString()!.Length == 0,
        _ => false,
    };

    private static bool IsPlainText(string name, JsonElement value) => (name, value.ValueKind) switch
    {
        ("response_format", JsonValueKind.Object) => value.TryGetProperty("type", out JsonElement type) && type.ValueEquals("text"),
        ("modalities", JsonValueKind.Array) => value.GetArrayLength() == 1 && value[0].ValueKind == JsonValueKind.String && value[0].ValueEquals("text"),
        _ => false,
    };

    private CompletionRequest WithPrompt(CompletionRequest request)
    {
        JsonElement prompt = Find("prompt") ?? throw ApiException.Bad("prompt", "is missing");
        if (prompt.ValueKind == JsonValueKind.Array && prompt.GetArrayLength() == 1 && prompt[0].ValueKind is JsonValueKind.String or JsonValueKind.Array)
            prompt = prompt[0];
        if (prompt.ValueKind == JsonValueKind.String)
            return request with { Text = prompt.GetString()! };
        if (prompt.ValueKind != JsonValueKind.Array || prompt.GetArrayLength() == 0)
            throw ApiException.Bad("prompt", "expected a text or token ids, and one prompt a request");
        var ids = new int[prompt.GetArrayLength()];
        for (int i = 0; i < ids.Length; i++)
        {
            if (prompt[i].ValueKind != JsonValueKind.Number || !prompt[i].TryGetInt32(out ids[i]) || ids[i] < 0)
                throw ApiException.Bad("prompt", "expected a text or token ids, and one prompt a request");
        }

        if (request.Traces is { Prefix: var prefix } && prefix >= ids.Length)
            throw ApiException.Bad("etr.prefix", "is not shorter than the prompt");
        return request with { Tokens = ids };
    }

    private List<ChatMessage> Messages()
    {
        if (Find("messages") is not { ValueKind: JsonValueKind.Array } list || list.GetArrayLength() is 0 or > MostMessages)
            throw ApiException.Bad("messages", $"expected 1 to {MostMessages} messages");
        var messages = new List<ChatMessage>();
        foreach (JsonElement message in list.EnumerateArray())
        {
            if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty("role", out JsonElement role) || role.ValueKind != JsonValueKind.String || !message.TryGetProperty("content", out JsonElement content))
                throw ApiException.Bad("messages", "each has a role and a content");
            string speaker = role.GetString()! switch
            {
                "developer" or "system" => "system",
                "user" => "user",
                "assistant" => "assistant",
                _ => throw ApiException.Bad("messages", "a role is system, user or assistant"),
            };
            messages.Add(new ChatMessage(speaker, ContentOf(content)));
        }

        return messages;
    }

    private static string ContentOf(JsonElement content)
    {
        if (content.ValueKind == JsonValueKind.String)
            return content.GetString()!;
        if (content.ValueKind != JsonValueKind.Array)
            throw ApiException.Bad("messages", "a content is a text, or parts of type text");
        return string.Concat(content.EnumerateArray().Select(part =>
            part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out JsonElement type) && type.ValueEquals("text")
                && part.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()
            : throw ApiException.Bad("messages", "a content is a text, or parts of type text")));
    }

    private string[] Stops()
    {
        string[] stops = Find("stop") switch
        {
            null => [],
            { ValueKind: JsonValueKind.String } one => [one.GetString()!],
            { ValueKind: JsonValueKind.Array } many when many.EnumerateArray().All(stop => stop.ValueKind == JsonValueKind.String) => [.. many.EnumerateArray().Select(stop => stop.GetString()!)],
            _ => throw ApiException.Bad("stop", "expected a text or texts"),
        };
        return stops.Length <= MostStops && stops.All(stop => stop.Length is > 0 and <= LongestStop)
            ? stops
            : throw ApiException.Bad("stop", $"at most {MostStops} texts of 1 to {LongestStop} characters");
    }

    private int LogProbs()
    {
        const int Most = Core.Entropies.TokenEntropy.TopCount;
        if (!isChat)
            return Whole("logprobs", 0, Most) ?? -1;
        int ranks = Whole("top_logprobs", 0, Most) ?? 0;
        return Flag("logprobs") ? ranks : ranks == 0 ? -1 : throw ApiException.Bad("top_logprobs", "needs logprobs");
    }

    private TraceRequest? Traces(int choices)
    {
        if (Find("etr") is not { } traces)
            return null;
        if (isChat || traces.ValueKind != JsonValueKind.Object || !traces.TryGetProperty("slots", out JsonElement slots) || slots.ValueKind != JsonValueKind.Array || slots.GetArrayLength() != choices)
            throw ApiException.Bad("etr", "expected prompt, round, prefix and a slot for each choice");
        var found = new uint[choices];
        for (int i = 0; i < choices; i++)
        {
            if (slots[i].ValueKind != JsonValueKind.Number || !slots[i].TryGetUInt32(out found[i]))
                throw ApiException.Bad("etr.slots", "expected whole numbers");
        }

        if (found.Distinct().Count() != choices)
            throw ApiException.Bad("etr.slots", "expected different slots");
        return new TraceRequest(Member(traces, "prompt"), Member(traces, "round"), found, (int)Math.Min(int.MaxValue, Member(traces, "prefix")));
    }

    private static uint Member(JsonElement traces, string name)
    {
        uint value = 0;
        return !traces.TryGetProperty(name, out JsonElement member) || (member.ValueKind == JsonValueKind.Number && member.TryGetUInt32(out value))
            ? value
            : throw ApiException.Bad($"etr.{name}", "expected a whole number");
    }

    private JsonElement? Find(string name) => body.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null ? value : null;

    private string? Text(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.String } text => text.GetString(),
        _ => throw ApiException.Bad(name, "expected a text"),
    };

    private bool Flag(string name) => Find(name) switch
    {
        null or { ValueKind: JsonValueKind.False } => false,
        { ValueKind: JsonValueKind.True } => true,
        _ => throw ApiException.Bad(name, "expected true or false"),
    };

    private int? Whole(string name, int least, int most)
    {
        if (Find(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int whole) && whole >= least && whole <= most
            ? whole
            : throw ApiException.Bad(name, $"expected a whole number from {least} to {most}");
    }

    private double? Number(string name, double least, double most)
    {
        if (Find(name) is not { } value)
            return null;
        return value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out double number) && number >= least && number <= most
            ? number
            : throw ApiException.Bad(name, FormattableString.Invariant($"expected a number from {least} to {most}"));
    }
}
