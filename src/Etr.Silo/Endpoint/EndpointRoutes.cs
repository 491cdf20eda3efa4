using System.Buffers;
using System.Text.Json;
using Etr.Silo.Configuration;
using Etr.Silo.Hosting;

namespace Etr.Silo.Endpoint;

/// <summary><c>/v1/…</c>: the policy in training, as OpenAI's clients know it.</summary>
internal static class EndpointRoutes
{
    private const string Root = "/v1";

    /// <summary>Adds what it is made of.</summary>
    public static IServiceCollection AddEtrEndpoint(this IServiceCollection services) => services
        .AddSingleton(provider => provider.GetRequiredService<SiloPlan>().Settings.Host.Endpoint)
        .AddSingleton<IServedPolicies, RunPolicies>()
        .AddSingleton<IEndpointEngines>(provider => new EndpointEngines(
            provider.GetRequiredService<EndpointSettings>(), provider.GetRequiredService<SiloPlan>().Settings.Run.Policy, provider.GetRequiredService<TimeProvider>()))
        .AddSingleton<EndpointMetrics>()
        .AddSingleton<CompletionHandler>();

    /// <summary>Maps it.</summary>
    /// <param name="app">The application.</param>
    /// <param name="secret">What clients must know; empty asks for nothing.</param>
    public static void MapEtrEndpoint(this IEndpointRouteBuilder app, string secret)
    {
        BearerSecret? key = secret.Length > 0 ? new BearerSecret(secret) : null;
        app.ServiceProvider.GetRequiredService<EndpointMetrics>();
        // It asks for a key of its own, in the form that its clients know.
        RouteGroupBuilder group = app.MapGroup(Root).AllowAnonymous();
        group.MapPost("/completions", context => GuardedAsync(context, key, handled => handled.RequestServices.GetRequiredService<CompletionHandler>().AnswerAsync(handled, isChat: false)));
        group.MapPost("/chat/completions", context => GuardedAsync(context, key, handled => handled.RequestServices.GetRequiredService<CompletionHandler>().AnswerAsync(handled, isChat: true)));
        group.MapGet("/models", context => GuardedAsync(context, key, ListAsync));
        group.MapGet("/models/{id}", context => GuardedAsync(context, key, FindAsync));
        group.MapFallback(context => GuardedAsync(context, key, _ => throw new ApiException(404, "not_found", $"there is no {context.Request.Method} {context.Request.Path} here")));
    }

    private static async Task GuardedAsync(HttpContext context, BearerSecret? key, Func<HttpContext, Task> handle)
    {
        context.Response.Headers.XContentTypeOptions = "nosniff";
        try
        {
            if (key?.IsIn(context.Request) is false)
                throw new ApiException(401, "invalid_api_key", "send the endpoint's key as a bearer token (Etr:Endpoint:Secret)");
            await handle(context);
        }
        catch (ApiException e)
        {
            context.RequestServices.GetRequiredService<EndpointMetrics>().Answered(e.Code);
            if (e.Detail is not null)
                Log(context).LogDrawFailed(e.Detail);
            await ApiErrors.WriteAsync(context, e);
        }
        catch (Exception e) when (e is Policy.Checkpoints.CheckpointException or Policy.Runtime.TorchUnavailableException or ObjectDisposedException)
        {
            // What it says names files of this machine; that is for its log and not for a client.
            Log(context).LogEndpointFailed(e);
            await ApiErrors.WriteAsync(context, new ApiException(503, "engine_unavailable", "the policy cannot be drawn with; the silo's log says why"));
        }
    }

    private static ILogger Log(HttpContext context) => context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(EndpointRoutes));

    private static async Task ListAsync(HttpContext context)
    {
        IReadOnlyList<PolicyName> policies = await context.RequestServices.GetRequiredService<IServedPolicies>().ListAsync(context.RequestAborted);
        await WriteAsync(context, json =>
        {
            json.WriteStartObject();
            json.WriteString("object", "list");
            json.WriteStartArray("data");
            foreach (PolicyName policy in policies)
                WriteModel(json, policy);
            json.WriteEndArray();
            json.WriteEndObject();
        });
    }

    private static async Task FindAsync(HttpContext context)
    {
        string id = (string)context.Request.RouteValues["id"]!;
        ServedPolicy found = await context.RequestServices.GetRequiredService<IServedPolicies>().FindAsync(id, context.RequestAborted);
        await WriteAsync(context, json => WriteModel(json, new PolicyName(found.Run, found.Policy.Version, found.Policy.Sha256)));
    }

    private static void WriteModel(Utf8JsonWriter json, PolicyName policy)
    {
        json.WriteStartObject();
        json.WriteString("id", ServedPolicy.NameOf(policy.Run, policy.Version));
        json.WriteString("object", "model");
        json.WriteNumber("created", 0);
        json.WriteString("owned_by", "etr");
        json.WriteString("root", policy.Run);
        json.WriteNumber("version", policy.Version);
        json.WriteString("sha256", policy.Sha256);
        json.WriteEndObject();
    }

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
            write(json);
        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(buffer.WrittenMemory, context.RequestAborted);
    }
}
