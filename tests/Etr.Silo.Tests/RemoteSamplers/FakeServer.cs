using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Etr.Silo.Tests.RemoteSamplers;

/// <summary>A server that answers as the test says, call after call; what is beyond the script is answered as the last entry.</summary>
internal sealed class FakeServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Func<HttpContext, JsonElement, Task>[] _script;
    private int _calls;

    private FakeServer(WebApplication app, Func<HttpContext, JsonElement, Task>[] script) => (_app, _script) = (app, script);

    public string Url { get; private set; } = "";

    /// <summary>Completions that were asked for.</summary>
    public int Calls => _calls;

    /// <summary>What was posted, by path.</summary>
    public ConcurrentQueue<(string Path, JsonElement Body)> Posted { get; } = new();

    /// <summary>The authorisation that calls brought.</summary>
    public ConcurrentQueue<string> Keys { get; } = new();

    public IReadOnlyList<string> Models { get; init; } = ["base"];

    public static async Task<FakeServer> StartAsync(params Func<HttpContext, JsonElement, Task>[] script)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var server = new FakeServer(app, script);
        app.MapGet("/v1/models", () => Results.Json(new { data = server.Models.Select(id => new { id }) }));
        app.MapPost("/v1/completions", (Delegate)server.CompleteAsync);
        app.MapPost("/{**path}", (Delegate)server.PostAsync);
        await app.StartAsync(TestContext.Current.CancellationToken);
        server.Url = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single() + "/v1";
        return server;
    }

    /// <summary>Draws the given tokens for every choice, as vLLM streams them, and ends so.</summary>
    public static Func<HttpContext, JsonElement, Task> Draw(IReadOnlyList<int> tokens, string finish = "stop", Func<JsonElement, object?>? prompt = null, bool ends = true) => async (context, body) =>
    {
        context.Response.ContentType = "text/event-stream";
        for (int choice = 0; choice < body.GetProperty("n").GetInt32(); choice++)
        {
            for (int i = 0; i < tokens.Count; i++)
            {
                bool last = i == tokens.Count - 1;
                await SendAsync(context, JsonSerializer.Serialize(Event(choice, tokens[i], last && ends ? finish : null, i == 0 ? prompt?.Invoke(body) ?? body.GetProperty("prompt") : null)));
            }
        }

        if (ends)
            await context.Response.WriteAsync("data: [DONE]\n\n", context.RequestAborted);
    };

    /// <summary>Answers with a status.</summary>
    public static Func<HttpContext, JsonElement, Task> Status(int status, string body = "{\"error\":{\"message\":\"no\"}}", int? retryAfter = null) => async (context, _) =>
    {
        context.Response.StatusCode = status;
        if (retryAfter is int seconds)
            context.Response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        await context.Response.WriteAsync(body, context.RequestAborted);
    };

    /// <summary>Sends events as they are.</summary>
    public static Func<HttpContext, JsonElement, Task> Raw(params string[] events) => async (context, _) =>
    {
        context.Response.ContentType = "text/event-stream";
        foreach (string data in events)
            await SendAsync(context, data);
    };

    /// <summary>Says that it has begun, and then nothing until the client is gone.</summary>
    public static Func<HttpContext, JsonElement, Task> Silent(TaskCompletionSource asked, TaskCompletionSource? gone = null) => async (context, _) =>
    {
        asked.TrySetResult();
        try
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        finally
        {
            gone?.TrySetResult();
        }
    };

    /// <summary>One event with one token and five ranks.</summary>
    public static object Event(int choice, int token, string? finish, object? prompt = null) => new
    {
        choices = new[]
        {
            new
            {
                index = choice,
                text = "?",
                token_ids = new[] { token },
                prompt_token_ids = prompt,
                finish_reason = finish,
                logprobs = new
                {
                    tokens = new[] { $"token_id:{token}" },
                    token_logprobs = new[] { -0.5 },
                    top_logprobs = new[] { new Dictionary<string, double> { [$"token_id:{token}"] = -0.5, ["token_id:90"] = -2, ["token_id:91"] = -3, ["token_id:92"] = -4, ["token_id:93"] = -5 } },
                },
            },
        },
    };

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static async Task SendAsync(HttpContext context, string data)
    {
        await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($"data: {data}\n\n"), context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private async Task CompleteAsync(HttpContext context)
    {
        int call = Interlocked.Increment(ref _calls) - 1;
        Keys.Enqueue(context.Request.Headers.Authorization.ToString());
        using JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted);
        Posted.Enqueue(("v1/completions", body.RootElement.Clone()));
        await _script[Math.Min(call, _script.Length - 1)](context, body.RootElement.Clone());
    }

    private async Task<IResult> PostAsync(HttpContext context)
    {
        using JsonDocument body = await JsonDocument.ParseAsync(context.Request.Body, default, context.RequestAborted);
        Posted.Enqueue((context.Request.Path.Value!.TrimStart('/'), body.RootElement.Clone()));
        return Results.Text("Success");
    }
}
