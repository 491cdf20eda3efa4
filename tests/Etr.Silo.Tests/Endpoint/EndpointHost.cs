using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Etr.Silo.Configuration;
using Etr.Silo.Endpoint;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Etr.Silo.Tests.Endpoint;

/// <summary>The endpoint on a free port of loopback, over a policy of the test's.</summary>
internal sealed class EndpointHost : IAsyncDisposable
{
    private readonly WebApplication _app;

    private EndpointHost(WebApplication app) => _app = app;

    public Uri Address { get; private set; } = null!;

    public HttpClient Http { get; } = new();

    public static async Task<EndpointHost> StartAsync(ShippedPolicy policy, EndpointSettings? settings = null, string secret = "", TimeProvider? time = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton(settings ?? new EndpointSettings { Enabled = true, Slots = 64 });
        builder.Services.AddSingleton<IServedPolicies>(policy);
        builder.Services.AddSingleton<IEndpointEngines>(_ => policy);
        builder.Services.AddMetrics();
        builder.Services.AddSingleton<EndpointMetrics>();
        builder.Services.AddSingleton<CompletionHandler>();
        var app = builder.Build();
        app.MapEtrEndpoint(secret);
        await app.StartAsync(TestContext.Current.CancellationToken);
        var host = new EndpointHost(app);
        host.Address = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        host.Http.BaseAddress = host.Address;
        return host;
    }

    public async Task<HttpResponseMessage> PostAsync(string path, object body, CancellationToken? cancellationToken = null)
    {
        var content = new StringContent(body as string ?? JsonSerializer.Serialize(body), Encoding.UTF8);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        return await Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken ?? TestContext.Current.CancellationToken);
    }

    public async Task<JsonElement> CompleteAsync(object body, string path = "/v1/completions")
    {
        using HttpResponseMessage answer = await PostAsync(path, body);
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement;
    }

    public async Task<JsonElement[]> StreamAsync(object body, string path = "/v1/completions")
    {
        using HttpResponseMessage answer = await PostAsync(path, body);
        string text = await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, text);
        string[] events = [.. text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(line => line["data: ".Length..])];
        Assert.Equal("[DONE]", events[^1]);
        return [.. events[..^1].Select(data => JsonDocument.Parse(data).RootElement)];
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.DisposeAsync();
    }
}
