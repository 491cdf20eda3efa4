using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Tokenizers;
using Etr.Policy.Tokenizers.Chat;
using Etr.Silo.Endpoint;
using Etr.Silo.Engines;

namespace Etr.Silo.Tests.Endpoint;

/// <summary>The shipped policy, as version 3 of a run called <c>shipped</c>.</summary>
internal sealed class ShippedPolicy : IServedPolicies, IEndpointEngines, IAsyncDisposable
{
    public const string Prompt = "[A]71)+52)-03)*24)+9?";
    private readonly Lazy<IRolloutEngine> _engine;

    public ShippedPolicy(int slots = 64, IRolloutEngine? engine = null)
    {
        Folder = StartingPolicy.Locate("models/arithmetic");
        Config = ModelConfig.Read(Path.Combine(Folder, ModelFiles.Config));
        Tokenizer = PromptTokenizer.Open(Folder, "auto");
        string file = ModelFiles.WeightsOf(Folder);
        Policy = new PolicyRef(3, file, Etr.Policy.Checkpoints.JoinedWeights.Sha256(file));
        _engine = new Lazy<IRolloutEngine>(() => engine ?? NewEngine(slots));
    }

    public string Folder { get; }

    public ModelConfig Config { get; }

    public IPolicyTokenizer Tokenizer { get; }

    public PolicyRef Policy { get; }

    /// <summary>An engine of one thread on this machine.</summary>
    public IRolloutEngine NewEngine(int slots = 64) =>
        RolloutEngines.Create(new PolicyOptions { Path = Folder, Engine = "deterministic", Slots = slots, Threads = 1 }, new EngineClock(TimeProvider.System));

    public Task<IReadOnlyList<PolicyName>> ListAsync(CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<PolicyName>>([new PolicyName("shipped", Policy.Version, Policy.Sha256)]);

    public Task<ServedPolicy> FindAsync(string model, CancellationToken cancellationToken) =>
        model is "" or "policy" or "shipped" or "shipped@3" || model == $"sha256:{Policy.Sha256}"
            ? Task.FromResult(new ServedPolicy("shipped", Policy, Folder, new PolicyOptions()))
            : throw new ApiException(404, "model_not_found", $"there is no policy '{model}'", "model");

    public ValueTask<ServedModel> OpenAsync(ServedPolicy policy, CancellationToken cancellationToken) =>
        ValueTask.FromResult(new ServedModel(_engine.Value, Tokenizer, Config));

    public async ValueTask DisposeAsync()
    {
        if (_engine.IsValueCreated)
            await _engine.Value.DisposeAsync();
    }
}
