using System.Globalization;
using System.Net.Http.Headers;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Etr.Silo.RemoteSamplers;

/// <summary>Speaks to one server. Every wait has a deadline, every answer a bound, and every failure a name.</summary>
internal sealed class ServerClient : IDisposable
{
    private const int LongestSmallAnswer = 1 << 20;
    private const int LongestMessage = 300;
    private static readonly TimeSpan SmallDeadline = TimeSpan.FromSeconds(30);

    private readonly RemoteServer _server;
    private readonly TimeProvider _time;
    private readonly HttpClient _http;

    public ServerClient(RemoteServer server, TimeProvider time)
    {
        (_server, _time) = (server, time);
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            MaxConnectionsPerServer = server.Settings.Slots + 4,
            MaxResponseHeadersLength = 64,
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        })
        {
            BaseAddress = server.Root,
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (server.Key.Length > 0)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", server.Key);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>The data of a stream of completions, an event at a time.</summary>
    /// <exception cref="ServerException">The server failed.</exception>
    public async IAsyncEnumerable<ReadOnlyMemory<byte>> StreamAsync(CompletionCall call, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var content = new ByteArrayContent(call.Body(_server.IsEtr));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/completions") { Content = content };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        using var watch = new CallWatch(_server.Settings, _time, cancellationToken);
        using HttpResponseMessage answer = await watch.RunAsync(token => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token));
        await CheckAsync(answer, watch);
        if (answer.Content.Headers.ContentType?.MediaType != "text/event-stream")
            throw new ServerException(ServerFault.Garbage, $"it answered with {answer.Content.Headers.ContentType?.MediaType ?? "nothing"} in place of a stream");
        await using Stream stream = await watch.RunAsync(answer.Content.ReadAsStreamAsync);
        await using IAsyncEnumerator<ReadOnlyMemory<byte>> events = EventLines.ReadAsync(stream, call.MostBytes, watch.Token).GetAsyncEnumerator(watch.Token);
        while (await watch.RunAsync(_ => events.MoveNextAsync().AsTask()))
        {
            if (events.Current.Span.SequenceEqual("[DONE]"u8))
                yield break;
            yield return events.Current;
        }

        throw new ServerException(ServerFault.Unreachable, "the stream broke off before its end");
    }

    /// <summary>Ids of the models that the server lists.</summary>
    /// <exception cref="ServerException">The server failed.</exception>
    public async Task<IReadOnlyList<string>> ModelsAsync(CancellationToken cancellationToken)
    {
        byte[] answer = await SmallAsync(HttpMethod.Get, "v1/models", body: null, cancellationToken);
        try
        {
            using JsonDocument json = JsonDocument.Parse(answer);
            return [.. json.RootElement.GetProperty("data").EnumerateArray().Select(model => model.GetProperty("id").GetString()!)];
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ServerException(ServerFault.Garbage, "GET /v1/models is answered with something that is no list of models", e);
        }
    }

    /// <summary>Posts a small thing and reads a small answer.</summary>
    /// <exception cref="ServerException">The server failed.</exception>
    public Task<byte[]> PostAsync(string path, byte[] body, CancellationToken cancellationToken) => SmallAsync(HttpMethod.Post, path, body, cancellationToken);

    /// <summary>What an error says, cut to a sentence.</summary>
    public static string MessageOf(JsonElement error)
    {
        string text = error.ValueKind == JsonValueKind.Object && error.TryGetProperty("message", out JsonElement message) ? message.ToString() : error.ToString();
        text = new string([.. text.ReplaceLineEndings(" ").Where(c => !char.IsControl(c)).Take(LongestMessage)]).Trim();
        return text.Length > 0 ? text : "without a word";
    }

    private async Task<byte[]> SmallAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken)
    {
        using var watch = new CallWatch(SmallDeadline, SmallDeadline, _time, cancellationToken);
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }

        using HttpResponseMessage answer = await watch.RunAsync(token => _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, token));
        await CheckAsync(answer, watch);
        return await ReadAsync(answer, watch) ?? throw new ServerException(ServerFault.Garbage, $"{path} is answered with more than {LongestSmallAnswer} bytes");
    }

    private static async Task<byte[]?> ReadAsync(HttpResponseMessage answer, CallWatch watch)
    {
        await using Stream stream = await watch.RunAsync(answer.Content.ReadAsStreamAsync);
        var bytes = new MemoryStream();
        byte[] buffer = new byte[8192];
        for (int read; (read = await watch.RunAsync(token => stream.ReadAsync(buffer, token).AsTask())) > 0;)
        {
            if (bytes.Length + read > LongestSmallAnswer)
                return null;
            bytes.Write(buffer, 0, read);
        }

        return bytes.ToArray();
    }

    private async Task CheckAsync(HttpResponseMessage answer, CallWatch watch)
    {
        if (answer.IsSuccessStatusCode)
            return;
        int status = (int)answer.StatusCode;
        ServerFault fault = status switch
        {
            429 => ServerFault.Busy,
            503 when _server.IsEtr => ServerFault.Busy,
            >= 500 => ServerFault.ServerError,
            400 or 413 or 422 => ServerFault.BadPrompt,
            _ => ServerFault.Refused,
        };
        string said = "";
        try
        {
            if (await ReadAsync(answer, watch) is { Length: > 0 } body)
            {
                using JsonDocument json = JsonDocument.Parse(body);
                JsonElement root = json.RootElement;
                said = $": {MessageOf(root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out JsonElement error) ? error : root)}";
            }
        }
        catch (Exception e) when (e is JsonException or ServerException)
        {
            // The status says enough.
        }

        throw new ServerException(fault, string.Create(CultureInfo.InvariantCulture, $"it answers {status}{said}"))
        {
            RetryAfter = answer.Headers.RetryAfter?.Delta,
        };
    }
}
