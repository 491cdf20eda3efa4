using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers.Chat;
using Etr.Silo.Configuration;
using Etr.Silo.Endpoint;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Etr.Benchmarks.Remote;

/// <summary>The endpoint on a free port of loopback, over an engine of the benchmark's.</summary>
internal sealed class BenchEndpoint : IServedPolicies, IEndpointEngines, IAsyncDisposable
{
    private readonly string _folder;
    private readonly WebApplication _app;
    private readonly ServedModel _model;

    private BenchEndpoint(string folder, IRolloutEngine engine, WebApplication app)
    {
        (_folder, _app) = (folder, app);
        Config = ModelConfig.Read(Path.Combine(folder, ModelFiles.Config));
        _model = new ServedModel(engine, PromptTokenizer.Open(folder, "auto"), Config);
        string file = ModelFiles.WeightsOf(folder);
        Policy = new PolicyRef(0, file, JoinedWeights.Sha256(file));
    }

    public ModelConfig Config { get; }

    public PolicyRef Policy { get; }

    public Uri Address => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());

    public static async Task<BenchEndpoint> StartAsync(string folder, IRolloutEngine engine, int slots)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        builder.Services.AddMetrics();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton(new EndpointSettings { Enabled = true, Slots = slots, Queue = 4 * slots });
        BenchEndpoint? endpoint = null;
        builder.Services.AddSingleton<IServedPolicies>(_ => endpoint!);
        builder.Services.AddSingleton<IEndpointEngines>(_ => endpoint!);
        builder.Services.AddSingleton<EndpointMetrics>();
        builder.Services.AddSingleton<CompletionHandler>();
        var app = builder.Build();
        endpoint = new BenchEndpoint(folder, engine, app);
        app.MapEtrEndpoint("");
        await app.StartAsync();
        return endpoint;
    }

    public Task<IReadOnlyList<PolicyName>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<PolicyName>>([new PolicyName("bench", 0, Policy.Sha256)]);

    public Task<ServedPolicy> FindAsync(string model, CancellationToken cancellationToken) =>
        Task.FromResult(new ServedPolicy("bench", Policy, _folder, new PolicyOptions()));

    public ValueTask<ServedModel> OpenAsync(ServedPolicy policy, CancellationToken cancellationToken) => ValueTask.FromResult(_model);

    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
