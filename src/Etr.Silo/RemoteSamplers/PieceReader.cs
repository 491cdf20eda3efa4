using System.Globalization;
using System.Text.Json;
using Etr.Core.Entropies;
using Etr.Core.Rollouts;
using Etr.Core.Steps;

namespace Etr.Silo.RemoteSamplers;

/// <summary>
/// Reads what a server sends about its tokens, from vLLM, SGLang or another silo, and refuses what is not a trace of the policy. Ids come
/// as <c>token_ids</c> or as tokens named <c>token_id:N</c>.
/// </summary>
/// <param name="prompt">The ids that were sent.</param>
/// <param name="choices">Traces that were asked for.</param>
/// <param name="vocabulary">Number of the policy's ids.</param>
/// <param name="textOf">The text of a token.</param>
/// <param name="version">The policy version that draws.</param>
/// <param name="measured">Whether the server sends entropies; else they are worked out from five entries.</param>
internal sealed class PieceReader(IReadOnlyList<int> prompt, int choices, int vocabulary, Func<int, string> textOf, long version, bool measured)
{
    private const string IdMark = "token_id:";
    private const int DeepestNesting = 16;

    // Rounding of servers that compute in bf16 may leave a log-probability just above 0.
    private const double Slack = 1e-3;

    /// <summary>The pieces of one event or of a whole answer.</summary>
    /// <exception cref="ServerException">It is not an answer, or not one to this prompt.</exception>
    public IReadOnlyList<ServerPiece> Read(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, new JsonDocumentOptions { MaxDepth = DeepestNesting });
            JsonElement root = document.RootElement;
            if (root.TryGetProperty("error", out JsonElement error))
                throw new ServerException(ServerFault.ServerError, $"it broke off: {ServerClient.MessageOf(error)}");
            if (!root.TryGetProperty("choices", out JsonElement list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > choices)
                throw new ServerException(ServerFault.Garbage, "the answer has no choices, or more than were asked for");
            return [.. list.EnumerateArray().Select(ReadChoice)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new ServerException(ServerFault.Garbage, "the answer is not what a completion looks like", e);
        }
    }

    private ServerPiece ReadChoice(JsonElement choice)
    {
        int index = choice.GetProperty("index").GetInt32();
        if (index < 0 || index >= choices)
            throw new ServerException(ServerFault.Garbage, $"the answer has a choice {index} of {choices}");
        CheckPrompt(choice);
        string? finish = choice.TryGetProperty("finish_reason", out JsonElement reason) && reason.ValueKind == JsonValueKind.String ? reason.GetString() : null;
        JsonElement? logProbs = choice.TryGetProperty("logprobs", out JsonElement found) && found.ValueKind == JsonValueKind.Object ? found : null;
        IReadOnlyList<int> ids = Ids(choice, logProbs);
        return new ServerPiece(index, ids.Count == 0 ? [] : ReadTokens(ids, logProbs, choice), finish);
    }

    private void CheckPrompt(JsonElement choice)
    {
        if (choice.TryGetProperty("prompt_token_ids", out JsonElement echoed) && echoed.ValueKind == JsonValueKind.Array
            && !echoed.EnumerateArray().Select(id => id.GetInt32()).SequenceEqual(prompt))
        {
            throw new ServerException(ServerFault.OtherTokens, "it drew from other token ids than it was sent");
        }
    }

    private static IReadOnlyList<int> Ids(JsonElement choice, JsonElement? logProbs)
    {
        foreach (string name in (string[])["token_ids", "response_token_ids"])
        {
            if (choice.TryGetProperty(name, out JsonElement ids) && ids.ValueKind == JsonValueKind.Array)
                return [.. ids.EnumerateArray().Select(id => id.GetInt32())];
        }

        if (logProbs is { } known && known.TryGetProperty("tokens", out JsonElement tokens) && tokens.ValueKind == JsonValueKind.Array)
        {
            return
            [
                .. tokens.EnumerateArray().Select(token => IdOf(token.GetString()!)
                    ?? throw new ServerException(ServerFault.OtherTokens, "it sends no token ids (vLLM has them since 0.10.2, by return_token_ids)")),
            ];
        }

        // The last piece of a stream may hold nothing but the reason.
        return choice.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String && text.GetString()!.Length > 0
            ? throw new ServerException(ServerFault.OtherTokens, "it sends text without token ids (vLLM has them since 0.10.2, by return_token_ids)")
            : [];
    }

    private static int? IdOf(string name) =>
        name.StartsWith(IdMark, StringComparison.Ordinal) && int.TryParse(name.AsSpan(IdMark.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int id) ? id : null;

    private SampledToken[] ReadTokens(IReadOnlyList<int> ids, JsonElement? logProbs, JsonElement choice)
    {
        if (logProbs is not { } known || !known.TryGetProperty("token_logprobs", out JsonElement drawn) || drawn.ValueKind != JsonValueKind.Array || drawn.GetArrayLength() != ids.Count)
            throw new ServerException(ServerFault.NoLogProbs, "it sends tokens without a log-probability each");
        JsonElement measures = default;
        if (measured && !(choice.TryGetProperty("etr", out measures) && measures.ValueKind == JsonValueKind.Object))
            throw new ServerException(ServerFault.NoLogProbs, "it sends no entropies: is it the endpoint of a silo (Kind=etr)?");
        var tokens = new SampledToken[ids.Count];
        for (int i = 0; i < tokens.Length; i++)
        {
            if (ids[i] < 0 || ids[i] >= vocabulary)
                throw new ServerException(ServerFault.OtherTokens, $"it drew the token {ids[i]}, and the policy has {vocabulary}");
            float logProb = LogProb(drawn[i]);
            tokens[i] = measured ? Measured(ids[i], logProb, measures, i, ids.Count) : OfFive(ids[i], logProb, known, i);
        }

        return tokens;
    }

    private static float LogProb(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetSingle(out float logProb) || !float.IsFinite(logProb) || logProb > Slack)
            throw new ServerException(ServerFault.NoLogProbs, "a log-probability is missing or is none");
        return Math.Min(0, logProb);
    }

    private SampledToken Measured(int id, float logProb, JsonElement measures, int at, int count) => new(
        id, "", logProb, Figure(measures, "entropies", at, count), Figure(measures, "top_five", at, count), Figure(measures, "breaks", at, count) != 0, version);

    private static float Figure(JsonElement measures, string name, int at, int count) =>
        measures.TryGetProperty(name, out JsonElement figures) && figures.ValueKind == JsonValueKind.Array && figures.GetArrayLength() == count
            && figures[at].TryGetSingle(out float figure) && float.IsFinite(figure) && figure >= 0
        ? figure
        : throw new ServerException(ServerFault.NoLogProbs, $"its {name} are missing or are none");

    private SampledToken OfFive(int id, float logProb, JsonElement logProbs, int at)
    {
        if (!logProbs.TryGetProperty("top_logprobs", out JsonElement all) || all.ValueKind != JsonValueKind.Array || all.GetArrayLength() <= at || all[at].ValueKind != JsonValueKind.Object)
            throw new ServerException(ServerFault.NoLogProbs, "it leaves out the most probable tokens (ask the server for at least 5: --max-logprobs)");
        string own = logProbs.TryGetProperty("tokens", out JsonElement names) && names.ValueKind == JsonValueKind.Array && names.GetArrayLength() > at
            ? names[at].GetString()!
            : string.Create(CultureInfo.InvariantCulture, $"{IdMark}{id}");
        (string Name, double LogProb)[] ranks = [.. all[at].EnumerateObject().Select(entry => (entry.Name, LogProb: (double)LogProb(entry.Value))).OrderByDescending(entry => entry.LogProb)];
        if (ranks.Length < Math.Min(TokenEntropy.TopCount, vocabulary))
            throw new ServerException(ServerFault.NoLogProbs, $"it was asked for the {TokenEntropy.TopCount} most probable tokens and sent {ranks.Length} (--max-logprobs)");
        double[] others = [.. ranks.Where(rank => rank.Name != own).Select(rank => rank.LogProb)];
        return new SampledToken(
            id, "", logProb, (float)TopEntropies.LowerBound(logProb, others), (float)TopEntropies.TopFive(logProb, others),
            (IdOf(ranks[0].Name) is int argMax ? argMax < vocabulary ? textOf(argMax) : "" : ranks[0].Name).Contains(StepSegmenter.Delimiter, StringComparison.Ordinal), version);
    }
}
