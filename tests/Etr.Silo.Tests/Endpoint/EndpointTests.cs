using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Etr.Core.Rollouts;
using Etr.Silo.Configuration;
using Etr.Silo.Tests.RemoteSamplers;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Silo.Tests.Endpoint;

/// <summary>The endpoint as clients see it: the same traces as the engine's, within bounds, and errors in OpenAI's shape.</summary>
public sealed class EndpointTests : IAsyncDisposable
{
    private readonly ShippedPolicy _shipped = new();

    public ValueTask DisposeAsync() => _shipped.DisposeAsync();

    [Fact]
    public async Task A_models_name_carries_its_version()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);

        JsonElement list = JsonDocument.Parse(await host.Http.GetStringAsync("/v1/models", TestContext.Current.CancellationToken)).RootElement;

        Assert.Equal("list", list.GetProperty("object").GetString());
        Assert.Equal("shipped@3", list.GetProperty("data")[0].GetProperty("id").GetString());
        Assert.Equal(_shipped.Policy.Sha256, list.GetProperty("data")[0].GetProperty("sha256").GetString());
    }

    [Fact]
    public async Task Completions_are_the_engines_own_traces_ids_log_probabilities_and_text()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);
        TraceRecorder expected = await DrawAsync(slots: 3, seed: 11);

        JsonElement answer = await host.CompleteAsync(new
        {
            model = "shipped",
            prompt = expected.Prompt,
            n = 3,
            seed = 11,
            temperature = 0.7,
            max_tokens = 60,
            logprobs = 5,
            return_token_ids = true,
            return_tokens_as_token_ids = true,
        });

        Assert.Equal("shipped@3", answer.GetProperty("model").GetString());
        Assert.Equal(3, answer.GetProperty("choices").GetArrayLength());
        foreach (JsonElement choice in answer.GetProperty("choices").EnumerateArray())
        {
            IReadOnlyList<SampledToken> trace = expected.Trace((uint)choice.GetProperty("index").GetInt32());
            Assert.Equal(expected.Prompt, choice.GetProperty("prompt_token_ids").EnumerateArray().Select(id => id.GetInt32()));
            Assert.Equal(trace.Select(token => token.Id), choice.GetProperty("token_ids").EnumerateArray().Select(id => id.GetInt32()));
            Assert.Equal(string.Concat(trace.Select(token => token.Text)), choice.GetProperty("text").GetString());
            JsonElement logProbs = choice.GetProperty("logprobs");
            Assert.Equal(trace.Select(token => token.LogProb), logProbs.GetProperty("token_logprobs").EnumerateArray().Select(value => value.GetSingle()));
            Assert.Equal(trace.Select(token => $"token_id:{token.Id}"), logProbs.GetProperty("tokens").EnumerateArray().Select(token => token.GetString()));
            foreach ((JsonElement ranks, SampledToken token) in logProbs.GetProperty("top_logprobs").EnumerateArray().Zip(trace))
            {
                Assert.InRange(ranks.EnumerateObject().Count(), 5, 6);
                Assert.Equal(token.LogProb, ranks.GetProperty($"token_id:{token.Id}").GetSingle());
            }

            Assert.Equal(expected.Endings[(uint)choice.GetProperty("index").GetInt32()] == TraceEnd.Finished ? "stop" : "length", choice.GetProperty("finish_reason").GetString());
        }

        int tokens = Enumerable.Range(0, 3).Sum(slot => expected.Trace((uint)slot).Count);
        Assert.Equal(tokens, answer.GetProperty("usage").GetProperty("completion_tokens").GetInt32());
    }

    [Fact]
    public async Task A_prompt_as_text_is_read_as_the_policys_tokenizer_reads_it()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);

        JsonElement answer = await host.CompleteAsync(new { prompt = ShippedPolicy.Prompt, max_tokens = 1, return_token_ids = true });

        Assert.Equal(
            _shipped.Tokenizer.EncodePrompt(ShippedPolicy.Prompt, _shipped.Config.BeginToken),
            answer.GetProperty("choices")[0].GetProperty("prompt_token_ids").EnumerateArray().Select(id => id.GetInt32()));
    }

    [Theory]
    [InlineData("/v1/completions")]
    [InlineData("/v1/chat/completions")]
    public async Task A_stream_says_the_same_as_a_whole_answer(string path)
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);
        object Body(bool stream) => path.Contains("chat", StringComparison.Ordinal)
            ? new { messages = new[] { new { role = "user", content = ShippedPolicy.Prompt } }, n = 2, seed = 5, max_tokens = 40, logprobs = true, top_logprobs = 2, stream, stream_options = stream ? new { include_usage = true } : null }
            : new { prompt = ShippedPolicy.Prompt, n = 2, seed = 5, max_tokens = 40, logprobs = 2, stream, stream_options = stream ? new { include_usage = true } : null };

        JsonElement whole = await host.CompleteAsync(Body(stream: false), path);
        JsonElement[] pieces = await host.StreamAsync(Body(stream: true), path);

        foreach (JsonElement choice in whole.GetProperty("choices").EnumerateArray())
        {
            JsonElement[] own = [.. pieces.Where(piece => piece.GetProperty("choices").GetArrayLength() > 0).Select(piece => piece.GetProperty("choices")[0])
                .Where(piece => piece.GetProperty("index").GetInt32() == choice.GetProperty("index").GetInt32())];
            Assert.Equal(TextOf(choice), string.Concat(own.Select(TextOf)));
            Assert.Equal(LogProbsOf(choice), own.SelectMany(LogProbsOf));
            Assert.Equal(choice.GetProperty("finish_reason").GetString(), own[^1].GetProperty("finish_reason").GetString());
            Assert.All(own[..^1], piece => Assert.Equal(JsonValueKind.Null, piece.GetProperty("finish_reason").ValueKind));
        }

        Assert.Equal(whole.GetProperty("usage").GetProperty("total_tokens").GetInt32(), pieces[^1].GetProperty("usage").GetProperty("total_tokens").GetInt32());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stop_ends_the_text_before_it_and_the_draw_with_it(bool stream)
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);
        string free = TextOf((await host.CompleteAsync(new { prompt = ShippedPolicy.Prompt, seed = 3, max_tokens = 60 })).GetProperty("choices")[0]);
        string stop = free[10..13];
        var body = new { prompt = ShippedPolicy.Prompt, seed = 3, max_tokens = 60, stop = new[] { "never there", stop }, stream };

        JsonElement[] choices = stream
            ? [.. (await host.StreamAsync(body)).Select(piece => piece.GetProperty("choices")[0])]
            : [(await host.CompleteAsync(body)).GetProperty("choices")[0]];

        Assert.Equal(free[..free.IndexOf(stop, StringComparison.Ordinal)], string.Concat(choices.Select(TextOf)));
        Assert.Equal("stop", choices[^1].GetProperty("finish_reason").GetString());
    }

    [Theory]
    [InlineData("""{"max_tokens":4}""", "prompt")]
    [InlineData("""{"prompt":"a","max_tokens":0}""", "max_tokens")]
    [InlineData("""{"prompt":"a","max_tokens":100000}""", "max_tokens")]
    [InlineData("""{"prompt":"a","n":65}""", "n")]
    [InlineData("""{"prompt":"a","temperature":-1}""", "temperature")]
    [InlineData("""{"prompt":"a","temperature":"hot"}""", "temperature")]
    [InlineData("""{"prompt":"a","top_p":0}""", "top_p")]
    [InlineData("""{"prompt":"a","logprobs":6}""", "logprobs")]
    [InlineData("""{"prompt":"a","seed":1.5}""", "seed")]
    [InlineData("""{"prompt":[],"n":1}""", "prompt")]
    [InlineData("""{"prompt":[-1]}""", "prompt")]
    [InlineData("""{"prompt":["a","b"]}""", "prompt")]
    [InlineData("""{"prompt":[99999]}""", "prompt")]
    [InlineData("""{"prompt":"no such letters: é"}""", "prompt")]
    [InlineData("""{"prompt":"a","stop":[""]}""", "stop")]
    [InlineData("""{"prompt":"a","echo":true}""", "echo")]
    [InlineData("""{"prompt":"a","presence_penalty":1}""", "presence_penalty")]
    [InlineData("""{"prompt":"a","logit_bias":{"5":1}}""", "logit_bias")]
    [InlineData("""{"prompt":"a","stream":1}""", "stream")]
    [InlineData("""{"prompt":"a","etr":{"slots":[1,2]}}""", "etr")]
    [InlineData("""[1]""", "body")]
    public async Task What_is_not_allowed_is_refused_by_the_name_of_its_parameter(string body, string parameter)
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);

        using HttpResponseMessage answer = await host.PostAsync("/v1/completions", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        JsonElement error = await ErrorAsync(answer);
        Assert.Equal(parameter, error.GetProperty("param").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("""{"messages":[]}""")]
    [InlineData("""{"messages":[{"role":"wizard","content":"a"}]}""")]
    [InlineData("""{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}""")]
    [InlineData("""{"messages":[{"role":"system","content":"a"},{"role":"user","content":"b"}]}""")]
    public async Task A_conversation_that_the_policy_has_no_words_for_is_refused(string body)
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped);

        using HttpResponseMessage answer = await host.PostAsync("/v1/chat/completions", body);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal("messages", (await ErrorAsync(answer)).GetProperty("param").GetString());
    }

    [Fact]
    public async Task What_is_no_request_is_told_so_in_the_same_shape()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped, new EndpointSettings { Enabled = true, MaxBytes = 2048 });

        await AssertErrorAsync(host.PostAsync("/v1/completions", "{"), HttpStatusCode.BadRequest, "invalid_json");
        await AssertErrorAsync(host.PostAsync("/v1/completions", new { prompt = new string('1', 4096) }), HttpStatusCode.RequestEntityTooLarge, "too_large");
        await AssertErrorAsync(host.PostAsync("/v1/completions", new { model = "shipped@9", prompt = "1" }), HttpStatusCode.NotFound, "model_not_found");
        await AssertErrorAsync(host.Http.GetAsync("/v1/models/none", TestContext.Current.CancellationToken), HttpStatusCode.NotFound, "model_not_found");
        await AssertErrorAsync(host.Http.GetAsync("/v1/embeddings", TestContext.Current.CancellationToken), HttpStatusCode.NotFound, "not_found");
        using var text = new StringContent("{}", Encoding.UTF8, "text/plain");
        await AssertErrorAsync(host.Http.PostAsync("/v1/completions", text, TestContext.Current.CancellationToken), HttpStatusCode.UnsupportedMediaType, "content_type");
    }

    [Fact]
    public async Task Nobody_is_answered_without_the_key()
    {
        const string Key = "a-key-of-some-length";
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped, secret: Key);

        await AssertErrorAsync(host.PostAsync("/v1/completions", new { prompt = "1" }), HttpStatusCode.Unauthorized, "invalid_api_key");
        host.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key + "x");
        await AssertErrorAsync(host.Http.GetAsync("/v1/models", TestContext.Current.CancellationToken), HttpStatusCode.Unauthorized, "invalid_api_key");
        host.Http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Key);
        using HttpResponseMessage answer = await host.Http.GetAsync("/v1/models", TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Whoever_comes_when_all_is_taken_is_told_when_to_come_again()
    {
        var held = new HeldEngine();
        await using var policy = new ShippedPolicy(engine: held);
        await using EndpointHost host = await EndpointHost.StartAsync(policy, new EndpointSettings { Enabled = true, Slots = 1, Queue = 0 });
        using var gone = new CancellationTokenSource();
        Task<HttpResponseMessage> first = host.PostAsync("/v1/completions", new { prompt = "1" }, gone.Token);
        await held.Taken;

        using HttpResponseMessage answer = await host.PostAsync("/v1/completions", new { prompt = "1" });

        Assert.Equal(HttpStatusCode.TooManyRequests, answer.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(1), answer.Headers.RetryAfter?.Delta);
        Assert.Equal("rate_limit_error", (await ErrorAsync(answer)).GetProperty("type").GetString());
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
    }

    [Fact]
    public async Task A_client_that_goes_away_takes_its_draw_with_it()
    {
        var held = new HeldEngine();
        await using var policy = new ShippedPolicy(engine: held);
        await using EndpointHost host = await EndpointHost.StartAsync(policy);
        using var gone = new CancellationTokenSource();
        Task<HttpResponseMessage> asked = host.PostAsync("/v1/completions", new { prompt = "1", stream = true }, gone.Token);
        await held.Taken;

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        await held.Cancelled;
    }

    [Fact]
    public async Task A_request_that_takes_too_long_is_ended_and_told_so()
    {
        var held = new HeldEngine();
        var time = new FakeTimeProvider();
        await using var policy = new ShippedPolicy(engine: held);
        await using EndpointHost host = await EndpointHost.StartAsync(policy, new EndpointSettings { Enabled = true, Seconds = 20 }, time: time);
        Task<HttpResponseMessage> asked = host.PostAsync("/v1/completions", new { prompt = "1" });
        await held.Taken;

        time.Advance(TimeSpan.FromSeconds(21));

        await AssertErrorAsync(asked, HttpStatusCode.GatewayTimeout, "deadline");
        await held.Cancelled;
    }

    [Fact]
    public async Task A_prompt_beyond_the_context_is_the_clients_affair_and_weights_that_do_not_load_are_not()
    {
        var held = new HeldEngine();
        await using var policy = new ShippedPolicy(engine: held);
        await using EndpointHost host = await EndpointHost.StartAsync(policy);
        using HttpResponseMessage refused = await host.PostAsync("/v1/completions", new { prompt = Enumerable.Repeat(5, _shipped.Config.ContextLength) });
        Assert.Contains("context length", (await ErrorAsync(refused)).GetProperty("message").GetString(), StringComparison.Ordinal);

        Task<HttpResponseMessage> asked = host.PostAsync("/v1/completions", new { prompt = "1" });
        (await held.Taken).Observer.OnFailed("/a/path/of/this/machine is not as it should be");

        using HttpResponseMessage answer = await asked;
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.DoesNotContain("/a/path", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_tells_each_token_when_it_is_drawn_and_not_later()
    {
        var held = new HeldEngine();
        await using var policy = new ShippedPolicy(engine: held);
        await using EndpointHost host = await EndpointHost.StartAsync(policy);
        Task<HttpResponseMessage> asked = host.PostAsync("/v1/completions", new { prompt = "1", stream = true });
        RolloutRequest request = await held.Taken;
        Assert.True(request.EveryToken);

        request.Observer.OnTokens(0, [new SampledToken(5, "x", -1, 1, 0.5f, false, 3)]);
        using HttpResponseMessage answer = await asked;
        using var lines = new StreamReader(await answer.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken));

        // The second is drawn only when the first has been read.
        Assert.Contains("\"text\":\"x\"", await NextAsync(lines), StringComparison.Ordinal);
        request.Observer.OnTokens(0, [new SampledToken(6, "y", -1, 1, 0.5f, false, 3)]);
        Assert.Contains("\"text\":\"y\"", await NextAsync(lines), StringComparison.Ordinal);
        request.Observer.OnEnd(0, TraceEnd.Finished, [1]);
        Assert.Contains("\"finish_reason\":\"stop\"", await NextAsync(lines), StringComparison.Ordinal);
        Assert.Equal("data: [DONE]", await NextAsync(lines));
    }

    [Fact]
    public async Task An_engine_that_stops_midway_leaves_a_stream_that_is_not_marked_as_done()
    {
        var held = new HeldEngine();
        await using var policy = new ShippedPolicy(engine: held);
        await using EndpointHost host = await EndpointHost.StartAsync(policy);
        Task<HttpResponseMessage> asked = host.PostAsync("/v1/completions", new { prompt = "1", stream = true });
        RolloutRequest request = await held.Taken;

        request.Observer.OnTokens(0, [new SampledToken(5, "x", -1, 1, 0.5f, false, 3)]);
        using HttpResponseMessage answer = await asked;
        request.Observer.OnEnd(0, TraceEnd.Cancelled, [1]);

        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.Contains("\"text\":\"x\"", text, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"engine_stopped\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", text, StringComparison.Ordinal);
    }

    private async Task<TraceRecorder> DrawAsync(int slots, ulong seed)
    {
        await using IRolloutEngine engine = _shipped.NewEngine();
        var recorder = new TraceRecorder(slots);
        await engine.SubmitAsync(
            new RolloutRequest(
                ShippedPolicy.Prompt, 0, 0, seed, _shipped.Policy, new SamplingOptions { Temperature = 0.7, MaxNewTokens = 60 },
                [.. Enumerable.Range(0, slots).Select(slot => new RolloutSlot((uint)slot, []))], recorder, CancellationToken.None),
            TestContext.Current.CancellationToken);
        await recorder.Done;
        return recorder;
    }

    private static async Task<string?> NextAsync(StreamReader lines)
    {
        string? line = await lines.ReadLineAsync(TestContext.Current.CancellationToken);
        return line is "" ? await NextAsync(lines) : line;
    }

    private static string TextOf(JsonElement choice) =>
        choice.TryGetProperty("text", out JsonElement text) ? text.GetString()!
        : (choice.TryGetProperty("message", out JsonElement message) ? message : choice.GetProperty("delta")).GetProperty("content").GetString()!;

    private static IEnumerable<float> LogProbsOf(JsonElement choice)
    {
        JsonElement logProbs = choice.GetProperty("logprobs");
        return logProbs.TryGetProperty("content", out JsonElement content)
            ? content.EnumerateArray().Select(token => token.GetProperty("logprob").GetSingle())
            : logProbs.GetProperty("token_logprobs").EnumerateArray().Select(value => value.GetSingle());
    }

    private static async Task AssertErrorAsync(Task<HttpResponseMessage> asked, HttpStatusCode status, string code)
    {
        using HttpResponseMessage answer = await asked;
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal(code, (await ErrorAsync(answer)).GetProperty("code").GetString());
    }

    private static async Task<JsonElement> ErrorAsync(HttpResponseMessage answer) =>
        JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken)).RootElement.GetProperty("error");
}
