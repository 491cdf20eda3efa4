using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Etr.Silo.Tests.Telemetry;

/// <summary>
/// A collector that keeps what is sent to it: OTLP as protobuf, over HTTP or gRPC, of which names and texts are plain to see. Of gRPC that is
/// unary calls over HTTP/2 without TLS: a message behind five bytes, the status in a trailer.
/// </summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(string Path, string Body)> _received = [];
    private readonly SemaphoreSlim _arrived = new(0);

    private OtlpCollector(bool grpc)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = grpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        builder.Services.AddRoutingCore();
        _app = builder.Build();
        _app.MapPost("/{**path}", grpc ? AnswerCallAsync : (RequestDelegate)TakeAsync);
    }

    public string Url => _app.Urls.Single();

    public static async Task<OtlpCollector> StartAsync(bool grpc = false)
    {
        var collector = new OtlpCollector(grpc);
        await collector._app.StartAsync();
        return collector;
    }

    /// <summary>Waits until all of these texts have come to a path.</summary>
    public async Task<bool> HasAsync(string path, TimeSpan patience, params string[] texts)
    {
        using var deadline = new CancellationTokenSource(patience);
        try
        {
            while (!texts.All(text => _received.Any(sent => sent.Path == path && sent.Body.Contains(text, StringComparison.Ordinal))))
                await _arrived.WaitAsync(deadline.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _arrived.Dispose();
    }

    private async Task TakeAsync(HttpContext context) => Keep(context, await BodyAsync(context));

    // A message is not packed (0), and as long as the next four bytes say. The answer is a message without fields.
    private async Task AnswerCallAsync(HttpContext context)
    {
        byte[] body = await BodyAsync(context);
        bool isCall = context.Request.Protocol == HttpProtocol.Http2 && context.Request.ContentType == "application/grpc" && context.Request.Headers.TE == "trailers"
            && body.Length >= 5 && body[0] == 0 && BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(1)) == body.Length - 5;
        context.Response.ContentType = "application/grpc";
        context.Response.DeclareTrailer("grpc-status");
        await context.Response.Body.WriteAsync(new byte[5]);
        context.Response.AppendTrailer("grpc-status", isCall ? "0" : "3");
        if (isCall)
            Keep(context, body[5..]);
    }

    private static async Task<byte[]> BodyAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    private void Keep(HttpContext context, byte[] message)
    {
        _received.Enqueue((context.Request.Path, Encoding.Latin1.GetString(message)));
        _arrived.Release();
    }
}
