using Etr.Core.Rollouts;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using Etr.Policy.Tokenizers;
using TorchSharp;

namespace Etr.Policy.Rollouts;

/// <summary>
/// A rollout engine whose bits for a trace depend on nothing but weights, prompt and random numbers: one sequence at a time, one
/// token at a time, on one thread. A prefix is read token by token exactly as if it had just been drawn, so it does not matter
/// where an earlier sampler stopped. Slow; for tests and for reproducing a run to the bit.
/// </summary>
public sealed class DeterministicRolloutEngine : IRolloutEngine
{
    private readonly ModelConfig _config;
    private readonly PolicyVocabulary _vocabulary;
    private readonly RolloutEngineOptions _options;
    private readonly EngineClock _clock;
    private readonly torch.Device _device;
    private readonly RequestQueue _queue;

    // Everything below is touched by the engine's thread alone.
    private readonly List<int> _read = [];
    private PolicyRef? _policy;
    private CachedDecoder? _decoder;
    private KeyValueCache? _cache;

    /// <summary>Starts the engine's thread.</summary>
    /// <param name="config">The model's shape; every policy version has it.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="options">Device and bounds; threads and capacity are always 1.</param>
    /// <param name="clock">Told when the engine is busy.</param>
    /// <exception cref="TorchUnavailableException">libtorch does not load, or the device is not there.</exception>
    public DeterministicRolloutEngine(ModelConfig config, IPolicyTokenizer tokenizer, RolloutEngineOptions options, EngineClock clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        _device = TorchRuntime.Start(options.Device, options.Threads).Device;
        _config = config;
        _vocabulary = new PolicyVocabulary(config, tokenizer);
        _options = options;
        _clock = clock;
        _queue = new RequestQueue($"deterministic rollouts {options.Device}", options.QueueLength, options.LowPriority, Loop);
    }

    /// <inheritdoc/>
    public string Device => _options.Device;

    /// <summary>One slot at a time.</summary>
    public int Capacity => 1;

    /// <inheritdoc/>
    public ValueTask SubmitAsync(RolloutRequest request, CancellationToken cancellationToken) => _queue.SubmitAsync(request, cancellationToken);

    /// <summary>Ends the slot that is drawn at its next token boundary and the waiting ones, as cancelled, and waits for the thread.</summary>
    public ValueTask DisposeAsync() => _queue.DisposeAsync();

    // Whatever goes wrong ends the request it concerns; the engine goes on with the next.
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "told to the request it concerns")]
    private void Loop(RequestQueue queue)
    {
        TorchRuntime.UseThreads(1);
        while (queue.Wait())
        {
            while (queue.TryTake(out RolloutRequest? request))
            {
                using EngineClock.Interval busy = _clock.Begin(EngineRole.Sampler);
                try
                {
                    var decode = new RequestDecode(request!, _vocabulary);
                    Open(request!.Policy);
                    foreach (SlotDecode slot in decode.Slots)
                    {
                        Draw(slot, queue.Stopping);
                        slot.Finish();
                    }
                }
                catch (Exception e)
                {
                    Close();
                    request!.Observer.OnFailed(e.Message);
                }
            }
        }

        Close();
    }

    private void Draw(SlotDecode slot, CancellationToken stopping)
    {
        List<int> sequence = [.. slot.Given];
        var drawn = new DrawnToken[1];
        while (slot.Ending is null)
        {
            if (stopping.IsCancellationRequested || slot.Request.Source.Cancellation.IsCancellationRequested)
            {
                slot.Cancel();
                return;
            }

            using DisposeScope scope = torch.NewDisposeScope();
            TokenSampler.Draw(Read(sequence), [slot.NextDraw], drawn);
            slot.Accept(drawn[0]);
            sequence.Add(slot.LastToken);
        }
    }

    // Logits after a sequence. What the cache already holds of it was read one by one too, so its bits are the same.
    private torch.Tensor Read(List<int> sequence)
    {
        int shared = 0;
        while (shared < Math.Min(_read.Count, sequence.Count - 1) && _read[shared] == sequence[shared])
        {
            shared++;
        }

        _read.RemoveRange(shared, _read.Count - shared);
        _cache!.Reserve(sequence.Count);
        torch.Tensor? logits = null;
        for (int position = shared; position < sequence.Count; position++)
        {
            logits?.Dispose();
            logits = _decoder!.Step([sequence[position]], [position], _cache);
            _read.Add(sequence[position]);
        }

        return logits!;
    }

    private void Open(PolicyRef policy)
    {
        if (_policy == policy)
        {
            return;
        }

        Close();
        _decoder = PolicyLoader.Load(policy, _config, _device);
        _cache = new KeyValueCache(_config, _device);
        _cache.AddRows(1);
        _policy = policy;
    }

    private void Close()
    {
        _decoder?.Dispose();
        _cache?.Dispose();
        _read.Clear();
        (_policy, _decoder, _cache) = (null, null, null);
    }
}
