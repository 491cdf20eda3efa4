using Etr.Core.Entropies;
using Etr.Core.Rollouts;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Runtime;
using Etr.Policy.Training;

namespace Etr.Policy.Scoring;

/// <summary>
/// Reads traces that were drawn elsewhere with the policy that drew them, once, and says what a sampler would have recorded: exact
/// log-probabilities and full-vocabulary entropies. It has a thread of its own.
/// </summary>
public sealed class PolicyScorer : IAsyncDisposable
{
    // The version that is drawn with and the one before it.
    private const int MostVersions = 2;

    private readonly PolicyLoader _policies;
    private readonly List<(string Sha256, CachedDecoder Decoder)> _decoders = [];
    private readonly LearnerThread _thread;
    private readonly int _vocabulary;

    /// <summary>Starts the thread; no weight is loaded before the first trace.</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="runtime">The device and its threads.</param>
    public PolicyScorer(ModelConfig config, TorchRuntime runtime)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(runtime);
        _vocabulary = config.VocabularySize;
        _policies = new PolicyLoader(config, runtime.Device, TorchSharp.torch.ScalarType.Float32);
        _thread = new LearnerThread("scoring", () => TorchRuntime.UseThreads(runtime.Threads), Release);
    }

    /// <summary>Scores one trace.</summary>
    /// <param name="policy">The version that drew it.</param>
    /// <param name="prompt">The prompt's ids, at least one.</param>
    /// <param name="tokens">The trace's ids.</param>
    /// <param name="temperature">The sampling temperature; 0 is measured at 1.</param>
    /// <param name="cancellationToken">Drops what has not begun.</param>
    /// <returns>Log-probability and entropy (nats) of each of <paramref name="tokens"/>.</returns>
    /// <exception cref="ArgumentException">There is no prompt, or an id is not the policy's.</exception>
    /// <exception cref="CheckpointException">The policy's file is missing or not as it should be.</exception>
    /// <exception cref="ObjectDisposedException">The scorer has stopped.</exception>
    public Task<TokenMeasure[]> ScoreAsync(
        PolicyRef policy, IReadOnlyList<int> prompt, IReadOnlyList<int> tokens, double temperature, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentOutOfRangeException.ThrowIfNegative(temperature);
        if (prompt.Count == 0 || prompt.Concat(tokens).Any(id => id < 0 || id >= _vocabulary))
            throw new ArgumentException($"a trace has a prompt, and tokens among the policy's {_vocabulary}", nameof(prompt));
        int[] sequence = [.. prompt, .. tokens];
        return _thread.RunAsync(_ => Open(policy).Score(sequence, prompt.Count, temperature), cancellationToken);
    }

    /// <summary>Ends what is queued and waits for the thread.</summary>
    public ValueTask DisposeAsync() => _thread.DisposeAsync();

    private CachedDecoder Open(PolicyRef policy)
    {
        int known = _decoders.FindIndex(open => open.Sha256 == policy.Sha256);
        if (known >= 0)
            return _decoders[known].Decoder;
        if (_decoders.Count == MostVersions)
        {
            _decoders[0].Decoder.Dispose();
            _decoders.RemoveAt(0);
        }

        CachedDecoder decoder = _policies.Load(policy);
        _decoders.Add((policy.Sha256, decoder));
        return decoder;
    }

    private void Release()
    {
        foreach ((_, CachedDecoder decoder) in _decoders)
            decoder.Dispose();
        _policies.Dispose();
    }
}
