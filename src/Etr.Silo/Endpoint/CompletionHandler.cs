using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Threading.RateLimiting;
using Etr.Core.Rollouts;
using Etr.Silo.Configuration;
using Microsoft.AspNetCore.Http.Features;

namespace Etr.Silo.Endpoint;

/// <summary>Answers <c>/v1/completions</c> and <c>/v1/chat/completions</c>.</summary>
internal sealed class CompletionHandler(EndpointSettings settings, IServedPolicies policies, IEndpointEngines engines, EndpointMetrics metrics, TimeProvider time) : IDisposable
{
    private const int DeepestNesting = 16;
    private static readonly byte[] Data = "data: "u8.ToArray();
    private static readonly byte[] Blank = "\n\n"u8.ToArray();
    private static readonly byte[] Done = "data: [DONE]\n\n"u8.ToArray();

    private readonly ConcurrencyLimiter _slots = new(new ConcurrencyLimiterOptions
    {
        PermitLimit = settings.Slots,
        QueueLimit = settings.Queue,
        QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
    });

    /// <inheritdoc/>
    public void Dispose() => _slots.Dispose();

    /// <summary>Answers one request.</summary>
    /// <exception cref="ApiException">It is not answered; nothing has been written.</exception>
    public async Task AnswerAsync(HttpContext context, bool isChat)
    {
        // One end for all: the client goes away, or the time is up. A draw then ends at its next token.
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(settings.Seconds), time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, context.RequestAborted);
        try
        {
            CompletionRequest request = await ReadAsync(context, isChat, ended.Token);
            using RateLimitLease lease = await _slots.AcquireAsync(request.Choices, ended.Token);
            if (!lease.IsAcquired)
                throw new ApiException(429, "queue_full", $"all {settings.Slots} slots are taken and {settings.Queue} wait; try again") { RetryAfter = 1 };
            ServedPolicy policy = await policies.FindAsync(request.Model, ended.Token);
            ServedModel model = await engines.OpenAsync(policy, ended.Token);
            await DrawAsync(context, request, policy, model, ended.Token);
            metrics.Answered("done");
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            metrics.Answered("gone");
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested)
        {
            metrics.Answered("late");
            throw new ApiException(504, "deadline", $"the request took longer than {settings.Seconds} s") { RetryAfter = 1 };
        }
        finally
        {
            // Whatever else ended it: nobody reads on.
            await ended.CancelAsync();
        }
    }

    private async Task<CompletionRequest> ReadAsync(HttpContext context, bool isChat, CancellationToken cancellationToken)
    {
        HttpRequest http = context.Request;
        if (!http.HasJsonContentType())
            throw new ApiException(415, "content_type", "send application/json");
        context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = settings.MaxBytes;
        try
        {
            using JsonDocument body = await JsonDocument.ParseAsync(http.Body, new JsonDocumentOptions { MaxDepth = DeepestNesting }, cancellationToken);
            return new CompletionReader(body.RootElement, isChat, settings.MaxTokens, settings.Slots).Read();
        }
        catch (JsonException)
        {
            throw new ApiException(400, "invalid_json", "the body is not JSON");
        }
        catch (BadHttpRequestException e)
        {
            throw new ApiException(e.StatusCode, e.StatusCode == 413 ? "too_large" : "bad_request", e.StatusCode == 413 ? $"a request has at most {settings.MaxBytes} bytes" : "the body could not be read");
        }
    }

    private async Task DrawAsync(HttpContext context, CompletionRequest request, ServedPolicy policy, ServedModel model, CancellationToken cancellationToken)
    {
        IReadOnlyList<int> prompt = Encode(request, model);
        string parameter = request.IsChat ? "messages" : "prompt";
        if (prompt.Count == 0 || prompt.Any(id => id >= model.Config.VocabularySize))
            throw ApiException.Bad(parameter, $"has no tokens, or one that is none of the policy's {model.Config.VocabularySize}");
        if (prompt.Count >= model.Config.ContextLength)
            throw ApiException.Bad(parameter, $"has {prompt.Count} tokens and the policy's context length is {model.Config.ContextLength}");
        uint[] slots = request.Traces is { } traces ? [.. traces.Slots] : [.. Enumerable.Range(0, request.Choices).Select(slot => (uint)slot)];
        var draw = new CompletionDraw(slots, request.Stops);
        await model.Engine.SubmitAsync(RequestOf(request, policy, prompt, slots, draw, cancellationToken), cancellationToken);
        var json = new CompletionJson(
            request, policy, model.Tokenizer, prompt, $"{(request.IsChat ? "chatcmpl" : "cmpl")}-{Guid.NewGuid():N}", time.GetUtcNow().ToUnixTimeSeconds());
        await using IAsyncEnumerator<IReadOnlyList<ChoiceNews>> news = draw.ReadAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

        // What cannot be drawn says so before anything is sent, so that its status tells.
        bool any = await news.MoveNextAsync();
        context.Response.Headers["x-etr-policy"] = policy.Name;
        if (request.Stream)
            await StreamAsync(context.Response, request, json, news, any, cancellationToken);
        else
            await WholeAsync(context.Response, request, json, news, any, cancellationToken);
    }

    private async Task StreamAsync(HttpResponse response, CompletionRequest request, CompletionJson json, IAsyncEnumerator<IReadOnlyList<ChoiceNews>> news, bool any, CancellationToken cancellationToken)
    {
        response.ContentType = "text/event-stream; charset=utf-8";
        response.Headers.CacheControl = "no-store";
        var buffer = new ArrayBufferWriter<byte>(4096);
        var offsets = new int[request.Choices];
        var begun = new bool[request.Choices];
        int tokens = 0;
        try
        {
            for (; any; any = await news.MoveNextAsync())
            {
                // One write for all that is there: a packet costs more than the JSON in it.
                buffer.ResetWrittenCount();
                foreach (ChoiceNews piece in news.Current)
                {
                    buffer.Write(Data);
                    json.Piece(buffer, piece, !begun[piece.Index], offsets[piece.Index]);
                    buffer.Write(Blank);
                    begun[piece.Index] = true;
                    offsets[piece.Index] += piece.Text.Length;
                    tokens += piece.Tokens.Count;
                }

                await response.Body.WriteAsync(buffer.WrittenMemory, cancellationToken);
            }
        }
        catch (ApiException e)
        {
            // The status is sent already: the stream itself says what went wrong, and is not marked as done.
            metrics.Answered("broken");
            await response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {ApiErrors.Json(e)}\n\n"), cancellationToken);
            return;
        }

        buffer.ResetWrittenCount();
        if (request.StreamUsage)
        {
            buffer.Write(Data);
            json.Usage(buffer, tokens);
            buffer.Write(Blank);
        }

        buffer.Write(Done);
        metrics.Tokens(tokens);
        await response.Body.WriteAsync(buffer.WrittenMemory, cancellationToken);
    }

    private async Task WholeAsync(HttpResponse response, CompletionRequest request, CompletionJson json, IAsyncEnumerator<IReadOnlyList<ChoiceNews>> news, bool any, CancellationToken cancellationToken)
    {
        var tokens = Enumerable.Range(0, request.Choices).Select(_ => new List<SampledToken>()).ToArray();
        var texts = Enumerable.Range(0, request.Choices).Select(_ => new StringBuilder()).ToArray();
        var ends = new string?[request.Choices];
        for (; any; any = await news.MoveNextAsync())
        {
            foreach (ChoiceNews piece in news.Current)
            {
                tokens[piece.Index].AddRange(piece.Tokens);
                texts[piece.Index].Append(piece.Text);
                ends[piece.Index] ??= piece.Finish;
            }
        }

        var buffer = new ArrayBufferWriter<byte>(4096);
        json.Whole(buffer, [.. Enumerable.Range(0, request.Choices).Select(index => new ChoiceNews(index, tokens[index], texts[index].ToString(), ends[index]))]);
        metrics.Tokens(tokens.Sum(choice => choice.Count));
        response.ContentType = "application/json";
        response.ContentLength = buffer.WrittenCount;
        await response.Body.WriteAsync(buffer.WrittenMemory, cancellationToken);
    }

    private static IReadOnlyList<int> Encode(CompletionRequest request, ServedModel model)
    {
        try
        {
            return request.Tokens
                ?? (request.IsChat
                    ? model.Tokenizer.EncodeChat(request.Messages, model.Config.BeginToken)
                    : model.Tokenizer.EncodeSequence(request.Text, model.Config.BeginToken));
        }
        catch (ArgumentException e)
        {
            throw ApiException.Bad(request.IsChat ? "messages" : "prompt", e.Message.Split(" (Parameter ")[0]);
        }
    }

    private static RolloutRequest RequestOf(
        CompletionRequest request, ServedPolicy policy, IReadOnlyList<int> prompt, uint[] slots, CompletionDraw draw, CancellationToken cancellationToken)
    {
        int prefix = request.Traces?.Prefix ?? 0;
        SampledToken[] begun = [.. prompt.Skip(prompt.Count - prefix).Select(id => new SampledToken(id, "", 0, 0, 0, false, policy.Policy.Version))];
        ulong seed = request.Seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        return new RolloutRequest(
            "", request.Traces?.Prompt ?? 0, request.Traces?.Round ?? 0, seed, policy.Policy,
            request.Sampling with { MaxNewTokens = request.Sampling.MaxNewTokens + prefix },
            [.. slots.Select(slot => new RolloutSlot(slot, begun))], draw, cancellationToken)
        {
            PromptTokens = [.. prompt.Take(prompt.Count - prefix)],
            EveryToken = request.Stops.Count > 0 || (request.Stream && request.Traces is null),
            Ranked = request.LogProbs > 0,
        };
    }
}
