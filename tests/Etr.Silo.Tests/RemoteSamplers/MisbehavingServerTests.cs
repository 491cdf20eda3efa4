using System.Text.Json;
using Etr.Core.Rollouts;
using Etr.Silo.Configuration;
using Etr.Silo.Tests.Endpoint;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Silo.Tests.RemoteSamplers;

/// <summary>What a server does wrong is named, counted and survived: nothing of it counts against the prompt, or is taken for a trace.</summary>
public sealed class MisbehavingServerTests : IAsyncDisposable
{
    private const int Token = 5;
    private static readonly int[] Other = [1, 2];
    private readonly ShippedPolicy _shipped = new();

    private PolicyRef Start => _shipped.Policy with { Version = 0 };

    private int End => _shipped.Config.EndTokens[0];

    public ValueTask DisposeAsync() => _shipped.DisposeAsync();

    public static TheoryData<string> Faults => ["busy", "server-error", "refused", "garbage", "not-json", "no-stream", "too-long", "no-choices", "other-tokens", "unknown-token", "no-ids", "no-logprobs", "few-ranks", "positive-logprob", "no-end", "cut-short", "stops-early", "no-end-token"];

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task A_fault_hands_the_slot_back_under_its_name(string how)
    {
        await using FakeServer server = await FakeServer.StartAsync(Script(how));
        await using RemoteHarness remote = Harness(server);

        TraceRecorder drawn = await remote.DrawnAsync(policy: Start, limit: 4);

        Assert.Null(drawn.Failure);
        Assert.Equal(TraceEnd.Cancelled, drawn.Endings[0]);
        Assert.Equal(1, remote.Count($"etr.remote.faults {NameOf(how)}"));
        Assert.StartsWith($"last fault: {NameOf(how)}, ", remote.Link.Health.State, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_it_does_not_take_counts_against_the_prompt()
    {
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Status(400, """{"object":"error","message":"maximum context length is 8"}"""));
        await using RemoteHarness remote = Harness(server, retries: 3);

        TraceRecorder drawn = await remote.DrawnAsync(slots: 2, policy: Start);

        Assert.Contains("maximum context length is 8", drawn.Failure, StringComparison.Ordinal);
        Assert.Equal(1, server.Calls);
    }

    [Fact]
    public async Task A_server_that_nobody_listens_at_is_unreachable()
    {
        string url;
        await using (FakeServer gone = await FakeServer.StartAsync(FakeServer.Status(500)))
            url = gone.Url;
        await using var remote = new RemoteHarness(new RemoteServerSettings { Url = url, Model = "base", Retries = 0 }, _shipped);

        TraceRecorder drawn = await remote.DrawnAsync(policy: Start);

        Assert.Equal(TraceEnd.Cancelled, drawn.Endings[0]);
        Assert.Equal(1, remote.Count("etr.remote.faults unreachable"));
    }

    [Fact]
    public async Task A_busy_server_is_asked_again_when_it_says_so()
    {
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Status(429, retryAfter: 0), FakeServer.Status(429, retryAfter: 0), FakeServer.Draw([Token, End]));
        await using RemoteHarness remote = Harness(server, retries: 3);

        TraceRecorder drawn = await remote.DrawnAsync(slots: 2, policy: Start);

        Assert.Equal([Token, End], drawn.Trace(1).Select(token => token.Id));
        Assert.Equal(TraceEnd.Finished, drawn.Endings[1]);
        Assert.Equal(3, server.Calls);
        Assert.Equal(2, remote.Count("etr.remote.retries"));
        Assert.Equal("ready", remote.Link.Health.State);
    }

    [Fact]
    public async Task What_was_drawn_before_a_stream_broke_is_kept_and_not_drawn_again()
    {
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Draw([Token, Token + 1], ends: false));
        await using RemoteHarness remote = Harness(server, retries: 3);

        TraceRecorder drawn = await remote.DrawnAsync(policy: Start);

        Assert.Equal([Token, Token + 1], drawn.Trace(0).Select(token => token.Id));
        Assert.Equal(TraceEnd.Cancelled, drawn.Endings[0]);
        Assert.Equal(1, server.Calls);
        Assert.Equal(1, remote.Count("etr.remote.faults unreachable"));
    }

    [Theory]
    [InlineData(21, "sent nothing for 20 s")]
    public async Task A_server_that_says_nothing_is_given_up(int seconds, string why)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var time = new FakeTimeProvider();
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Silent(asked, gone));
        await using var remote = new RemoteHarness(new RemoteServerSettings { Url = server.Url, Model = "base", Retries = 0, IdleSeconds = 20 }, _shipped, time: time);
        TraceRecorder drawn = await remote.DrawAsync(policy: Start, cancellation: TestContext.Current.CancellationToken);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        time.Advance(TimeSpan.FromSeconds(seconds));

        await drawn.Done;
        Assert.Equal(1, remote.Count("etr.remote.faults slow"));
        Assert.Contains(why, remote.Link.Health.State, StringComparison.Ordinal);
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Whoever_no_longer_wants_a_trace_ends_it_on_the_server_too()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var cancelled = new CancellationTokenSource();
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Silent(asked, gone));
        await using RemoteHarness remote = Harness(server);
        TraceRecorder drawn = await remote.DrawAsync(policy: Start, cancellation: cancelled.Token);
        await asked.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);

        await cancelled.CancelAsync();

        await drawn.Done;
        Assert.Equal(TraceEnd.Cancelled, drawn.Endings[0]);
        await gone.Task.WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        Assert.Equal("ready", remote.Link.Health.State);
    }

    [Fact]
    public async Task A_server_that_fails_most_calls_is_left_alone_and_then_tried_again()
    {
        var time = new FakeTimeProvider();
        await using FakeServer server = await FakeServer.StartAsync(FakeServer.Status(500), FakeServer.Status(500), FakeServer.Status(500), FakeServer.Status(500), FakeServer.Draw([End]));
        await using var remote = new RemoteHarness(new RemoteServerSettings { Url = server.Url, Model = "base", Retries = 0 }, _shipped, time: time);
        for (int call = 0; call < 4; call++)
        {
            Assert.False(remote.Link.Health.IsOpen);
            await remote.DrawnAsync(policy: Start);
        }

        Assert.True(remote.Link.Health.IsOpen);
        Assert.StartsWith("left alone for 5 s: server-error", remote.Link.Health.State, StringComparison.Ordinal);

        // Somebody has to be let through, or nobody would ever find out that it is back.
        time.Advance(TimeSpan.FromSeconds(6));
        Assert.False(remote.Link.Health.IsOpen);
        TraceRecorder drawn = await remote.DrawnAsync(policy: Start);
        Assert.Equal(TraceEnd.Finished, drawn.Endings[0]);
        Assert.Equal("ready", remote.Link.Health.State);
    }

    [Fact]
    public async Task Its_key_is_sent_and_never_told()
    {
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "a-very-secret-key\n", TestContext.Current.CancellationToken);
            await using FakeServer server = await FakeServer.StartAsync(FakeServer.Status(401, """{"error":"bad key"}"""));
            await using var remote = new RemoteHarness(new RemoteServerSettings { Url = server.Url, Model = "base", Retries = 0, KeyFile = file }, _shipped);

            await remote.DrawnAsync(policy: Start);

            Assert.Equal("Bearer a-very-secret-key", Assert.Single(server.Keys));
            Assert.DoesNotContain("secret", remote.Server.ToString() + remote.Link.Health.State, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private RemoteHarness Harness(FakeServer server, int retries = 0) => new(new RemoteServerSettings { Url = server.Url, Model = "base", Retries = retries }, _shipped);

    private static string NameOf(string how) => how switch
    {
        "not-json" or "no-stream" or "too-long" or "no-choices" => "garbage",
        "unknown-token" or "no-ids" or "no-end-token" => "other-tokens",
        "few-ranks" or "positive-logprob" => "no-logprobs",
        "no-end" => "unreachable",
        "stops-early" => "garbage",
        _ => how,
    };

    private Func<HttpContext, JsonElement, Task> Script(string how) => how switch
    {
        "busy" => FakeServer.Status(429),
        "server-error" => FakeServer.Status(500, "<html>"),
        "refused" => FakeServer.Status(404),
        "garbage" => FakeServer.Raw("""{"choices":[{"index":"first"}]}"""),
        "not-json" => FakeServer.Raw("<html>"),
        "no-stream" => FakeServer.Status(200, "{}"),
        "too-long" => FakeServer.Raw(new string('x', 5 << 20)),
        "no-choices" => FakeServer.Raw("""{"choices":[{},{},{}]}"""),
        "other-tokens" => FakeServer.Draw([Token, End], prompt: _ => Other),
        "unknown-token" => FakeServer.Draw([99_999, End]),
        "no-ids" => FakeServer.Raw("""{"choices":[{"index":0,"text":"a","logprobs":{"tokens":["a"],"token_logprobs":[-1]}}]}"""),
        "no-logprobs" => FakeServer.Raw("""{"choices":[{"index":0,"text":"a","token_ids":[5],"logprobs":null}]}"""),
        "few-ranks" => FakeServer.Raw("""{"choices":[{"index":0,"text":"a","token_ids":[5],"logprobs":{"tokens":["token_id:5"],"token_logprobs":[-1],"top_logprobs":[{"token_id:5":-1}]}}]}"""),
        "positive-logprob" => FakeServer.Raw("""{"choices":[{"index":0,"text":"a","token_ids":[5],"logprobs":{"tokens":["token_id:5"],"token_logprobs":[1],"top_logprobs":[{"token_id:5":1}]}}]}"""),
        "no-end" => FakeServer.Draw([Token], ends: false),
        "cut-short" => FakeServer.Draw([Token, Token], finish: "length"),
        "stops-early" => FakeServer.Raw("[DONE]"),
        "no-end-token" => FakeServer.Draw([Token, Token], finish: "stop"),
        _ => throw new ArgumentException(how, nameof(how)),
    };
}
