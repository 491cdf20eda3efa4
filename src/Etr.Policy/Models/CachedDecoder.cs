using Etr.Core.Entropies;
using Etr.Policy.Adapters;
using Etr.Policy.Runtime;
using TorchSharp;
using static TorchSharp.torch.nn;

namespace Etr.Policy.Models;

/// <summary>
/// The decoder as a sampler sees it: a prompt at once, then a token a row at a time over a key-value cache. Each layer's
/// q, k and v weights are one matrix, so are gate and up, and norm weights are folded into the matrix that follows.
/// </summary>
/// <remarks>
/// Rows of q and k are reordered so that the two dimensions a rotary angle turns lie side by side: rotation is then one
/// product of complex numbers. Scores are sums over these dimensions, so the order does not matter to them.
/// </remarks>
internal sealed class CachedDecoder : IDisposable
{
    /// <summary>Tokens of prompts that a layer's feed-forward takes at once.</summary>
    public const int FeedForwardTokens = 2048;

    // Logits (tokens × vocabulary) that are held at once while a trace is scored: 64 MiB in fp32.
    private const long MostScoredLogits = 1 << 24;

    private readonly ModelConfig _config;
    private readonly torch.Device _device;
    private readonly FusedModel _model;
    private readonly FusedAdapter[]? _adapters;
    private readonly RotaryTable _rotary;
    private readonly int _queryWidth;
    private readonly int _cacheHeads;
    private torch.Tensor? _turns;

    /// <summary>A decoder over a copy of <paramref name="weights"/>.</summary>
    public CachedDecoder(DecoderWeights weights, torch.ScalarType type = torch.ScalarType.Float32)
        : this(FusedModel.Of(weights, type))
    {
    }

    /// <summary>A decoder that becomes a user of <paramref name="model"/>, which the caller has shared or made for it.</summary>
    /// <param name="model">The model.</param>
    /// <param name="adapters">Adapters to draw with, of which copies are made; null for the model alone.</param>
    public CachedDecoder(FusedModel model, AdapterWeights? adapters = null)
    {
        _model = model;
        _config = model.Config;
        _device = model.Device;
        _queryWidth = _config.Heads * _config.HeadSize;
        _cacheHeads = 2 * _config.KeyValueHeads;
        _rotary = new RotaryTable(_config, _device);
        _adapters = adapters is null ? null : [.. model.Layers.Select((layer, index) => FusedAdapter.From(adapters, layer, index))];
    }

    /// <summary>Positions whose keys and values are gathered at once, padding counted. The default value is <see cref="RowGroup.MostGathered"/>.</summary>
    public int MostGathered { get; init; } = RowGroup.MostGathered;

    /// <summary>Element type of keys and values.</summary>
    public torch.ScalarType Type => _model.Type;

    /// <summary>Reads whole sequences at once.</summary>
    /// <param name="ids">Token ids, int64, [rows, length], padded on the right.</param>
    /// <param name="lengths">Tokens of each row, 1 to length.</param>
    /// <param name="keep">Takes a layer's keys and values, [rows, 2 · kv heads, length, head size], which are freed when it returns; null for nobody.</param>
    /// <returns>Logits after each row's last token, [rows, vocabulary]; the caller's.</returns>
    public torch.Tensor Prefill(torch.Tensor ids, IReadOnlyList<int> lengths, Action<int, torch.Tensor>? keep = null)
    {
        using IDisposable guard = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor x = Read(ids, keep);
        long length = ids.shape[1];
        torch.Tensor last = torch.tensor([.. lengths.Select((count, row) => row * length + count - 1)], torch.int64, _device);
        return Normalise(x.index_select(0, last)).matmul(_model.Head).MoveToOuterDisposeScope();
    }

    /// <summary>What a sampler would have recorded of a sequence's tokens, had it drawn them.</summary>
    /// <param name="sequence">Token ids.</param>
    /// <param name="first">The first token to score, at least 1: what stands before it is given.</param>
    /// <param name="temperature">The sampling temperature; 0 is measured at 1.</param>
    /// <returns>Log-probability and entropy (nats) of each token from <paramref name="first"/> on.</returns>
    public TokenMeasure[] Score(int[] sequence, int first, double temperature)
    {
        using IDisposable guard = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        var measures = new TokenMeasure[sequence.Length - first];
        if (measures.Length == 0)
        {
            return measures;
        }

        // The last token is not read: nothing is drawn after it.
        torch.Tensor ids = torch.tensor(Array.ConvertAll(sequence, id => (long)id), torch.int64, _device);
        torch.Tensor hidden = Normalise(Read(ids.narrow(0, 0, sequence.Length - 1).unsqueeze(0), null).narrow(0, first - 1, measures.Length));
        int rows = (int)Math.Max(1, MostScoredLogits / _config.VocabularySize);
        for (int start = 0; start < measures.Length; start += rows)
        {
            using DisposeScope chunk = torch.NewDisposeScope();
            int count = Math.Min(rows, measures.Length - start);
            torch.Tensor logits = hidden.narrow(0, start, count).matmul(_model.Head).to(torch.float32);
            torch.Tensor logProbs = (temperature is 0 or 1 ? logits : logits.DivideInPlace(temperature)).log_softmax(1);
            torch.Tensor drawn = logProbs.gather(1, ids.narrow(0, first + start, count).unsqueeze(1));
            torch.Tensor entropies = (logProbs.exp() * logProbs).sum(1, keepdim: true).neg_();
            float[] both = torch.cat([drawn, entropies], 1).cpu().data<float>().ToArray();
            for (int i = 0; i < count; i++)
            {
                measures[start + i] = new TokenMeasure(Math.Min(0, both[2 * i]), Math.Max(0, both[2 * i + 1]));
            }
        }

        return measures;
    }

    // The stream after the last layer, [rows · length, hidden]; a layer's keys and values each go where they are wanted.
    private torch.Tensor Read(torch.Tensor ids, Action<int, torch.Tensor>? keep)
    {
        (long rows, long length) = (ids.shape[0], ids.shape[1]);
        torch.Tensor turns = Turns((int)length).narrow(0, 0, length).unsqueeze(1);
        torch.Tensor x = Embed(ids.reshape(-1));
        for (int i = 0; i < _model.Layers.Count; i++)
            x = Next(x, i, PrefillLayer);
        return x;

        torch.Tensor PrefillLayer(int i, torch.Tensor stream)
        {
            FusedLayer layer = _model.Layers[i];
            torch.Tensor joined = Project(i, stream);
            Turn(layer, joined.view(rows, length, -1, _config.HeadSize), turns);
            torch.Tensor split = joined.to(Type).view(rows, length, -1, _config.HeadSize).transpose(1, 2);
            keep?.Invoke(i, split.narrow(1, _config.Heads, _cacheHeads));
            torch.Tensor mixed = functional.scaled_dot_product_attention(
                split.narrow(1, 0, _config.Heads),
                Spread(split.narrow(1, _config.Heads, _config.KeyValueHeads)),
                Spread(split.narrow(1, _config.Heads + _config.KeyValueHeads, _config.KeyValueHeads)), is_casual: true);
            return FeedForwardInParts(i, AddAttention(i, stream, mixed.transpose(1, 2).reshape(rows * length, _queryWidth)));
        }
    }

    /// <summary>Reads one more token of each row and writes its keys and values into the cache.</summary>
    /// <param name="ids">The rows' tokens, in the order of the cache's rows.</param>
    /// <param name="positions">Where each stands in its sequence, from 0; the cache must have room for it.</param>
    /// <param name="cache">Keys and values of what stands before.</param>
    /// <returns>Logits, [rows, vocabulary]; the caller's.</returns>
    public torch.Tensor Step(ReadOnlySpan<int> ids, ReadOnlySpan<int> positions, KeyValueCache cache)
    {
        using IDisposable guard = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        int rows = ids.Length;
        (torch.Tensor tokens, torch.Tensor places, torch.Tensor slots) = Indices(ids, positions, cache);
        IReadOnlyList<RowGroup> groups = RowGroup.Of(positions, cache, _config.QueriesPerKey, Type, _device, MostGathered);
        torch.Tensor turns = Turns(Highest(positions) + 1).index_select(0, places).unsqueeze(1);

        torch.Tensor x = Embed(tokens);
        for (int i = 0; i < _model.Layers.Count; i++)
            x = Next(x, i, StepLayer);
        return Normalise(x).matmul(_model.Head).MoveToOuterDisposeScope();

        torch.Tensor StepLayer(int i, torch.Tensor stream)
        {
            FusedLayer layer = _model.Layers[i];
            torch.Tensor joined = Project(i, stream);
            Turn(layer, joined.view(rows, -1, _config.HeadSize), turns);
            joined = joined.to(Type);
            cache.Blocks.Layer(i).view(-1, _config.HeadSize).index_copy_(0, slots, joined.narrow(1, _queryWidth, _cacheHeads * _config.HeadSize).reshape(-1, _config.HeadSize));

            // Query heads that share a key head are rows of one query block: no key is repeated.
            torch.Tensor queries = joined.narrow(1, 0, _queryWidth).view(rows, _config.KeyValueHeads, _config.QueriesPerKey, _config.HeadSize);
            return FeedForward(i, AddAttention(i, stream, Mixed(queries, groups, cache.Blocks, i).reshape(rows, _queryWidth)));
        }
    }

    public void Dispose()
    {
        _model.Release();
        _rotary.Dispose();
        _turns?.Dispose();
        foreach (FusedAdapter adapter in _adapters ?? [])
        {
            adapter.Dispose();
        }
    }

    private static int Highest(ReadOnlySpan<int> positions)
    {
        int highest = 0;
        foreach (int position in positions)
        {
            highest = Math.Max(highest, position);
        }

        return highest;
    }

    // What a layer makes is freed before the next one begins, but for the stream.
    private static torch.Tensor Next(torch.Tensor stream, int layer, Func<int, torch.Tensor, torch.Tensor> run)
    {
        using (stream)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            return run(layer, stream).MoveToOuterDisposeScope();
        }
    }

    private (torch.Tensor Tokens, torch.Tensor Places, torch.Tensor Slots) Indices(ReadOnlySpan<int> ids, ReadOnlySpan<int> positions, KeyValueCache cache)
    {
        int rows = ids.Length;
        long[] packed = new long[(2 + _cacheHeads) * rows];
        for (int row = 0; row < rows; row++)
        {
            packed[row] = ids[row];
            packed[rows + row] = positions[row];
            for (int head = 0; head < _cacheHeads; head++)
                packed[2 * rows + row * _cacheHeads + head] = cache.PlaceOf(row, head, positions[row]);
        }

        // One transfer for the three of them.
        torch.Tensor all = torch.tensor(packed, torch.int64, _device);
        return (all.narrow(0, 0, rows), all.narrow(0, rows, rows), all.narrow(0, 2 * rows, _cacheHeads * rows));
    }

    // Attention of each group over its own blocks, gathered for the moment: [rows, kv heads, queries per key, size].
    private torch.Tensor Mixed(torch.Tensor queries, IReadOnlyList<RowGroup> groups, KeyValueBlocks blocks, int layer)
    {
        if (groups is [{ Rows: null } all])
            return Attend(queries, all);
        torch.Tensor mixed = torch.empty_like(queries);
        foreach (RowGroup group in groups)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            mixed.index_copy_(0, group.Rows!, Attend(queries.index_select(0, group.Rows!), group));
        }

        return mixed;

        torch.Tensor Attend(torch.Tensor asking, RowGroup group)
        {
            torch.Tensor past = blocks.Gather(layer, group.Blocks, group.Count).narrow(2, 0, group.Length);
            return functional.scaled_dot_product_attention(
                asking, past.narrow(1, 0, _config.KeyValueHeads), past.narrow(1, _config.KeyValueHeads, _config.KeyValueHeads), attn_mask: group.Mask);
        }
    }

    // e^{i·angle} for each position and pair of dimensions: [positions, size/2], complex.
    private torch.Tensor Turns(int length)
    {
        if (_turns is null || _turns.shape[0] < length)
        {
            (torch.Tensor cos, torch.Tensor sin) = _rotary.AtLeast(length);
            _turns?.Dispose();
            _turns = torch.complex(cos, sin).DetachFromDisposeScope();
        }

        return _turns;
    }

    private torch.Tensor Embed(torch.Tensor ids) => _model.Embedding.index_select(0, ids).to(torch.ScalarType.Float32);

    // The stream is fp32; products with half-precision weights are made in theirs.
    private static torch.Tensor Times(torch.Tensor left, torch.Tensor right) =>
        left.dtype == right.dtype ? left.matmul(right) : left.to(right.dtype).matmul(right).to(left.dtype);

    private static torch.Tensor Add(torch.Tensor sum, torch.Tensor left, torch.Tensor right) =>
        sum.dtype == right.dtype ? torch.addmm(sum, left, right, 1, 1) : sum.Plus(left.to(right.dtype).matmul(right));

    private torch.Tensor Normalise(torch.Tensor x) =>
        x * (x * x).mean([-1L], keepdim: true).AddInPlace(_config.NormEpsilon).rsqrt_();

    private torch.Tensor Normalise(torch.Tensor x, FusedLayer layer, torch.Tensor norm) => layer.Folded ? Normalise(x) : Normalise(x).mul_(norm);

    // q, k and v of the normalised stream.
    private torch.Tensor Project(int index, torch.Tensor x)
    {
        FusedLayer layer = _model.Layers[index];
        torch.Tensor normalised = Normalise(x, layer, layer.Before);
        torch.Tensor joined = layer.JoinedBias is null ? Times(normalised, layer.Joined) : Add(layer.JoinedBias, normalised, layer.Joined);
        return _adapters?[index].Joined?.AddTo(joined, normalised) ?? joined;
    }

    private torch.Tensor AddAttention(int index, torch.Tensor x, torch.Tensor mixed)
    {
        torch.Tensor sum = Add(x, mixed, _model.Layers[index].Output);
        return _adapters?[index].Output?.AddTo(sum, mixed.to(torch.ScalarType.Float32)) ?? sum;
    }

    // Normalises, where the architecture does, and turns the heads of q and k in place.
    private void Turn(FusedLayer layer, torch.Tensor joined, torch.Tensor turns)
    {
        torch.Tensor heads = joined.narrow(-2, 0, _config.Heads + _config.KeyValueHeads);
        if (layer.HeadNorm is not null)
        {
            heads.mul_((heads * heads).mean([-1L], keepdim: true).AddInPlace(_config.NormEpsilon).rsqrt_()).mul_(layer.HeadNorm);
        }

        heads.view([.. heads.shape[..^1], _config.HeadSize / 2, 2]).view_as_complex().mul_(turns);
    }

    // Of many tokens what lies between gate and down is most of a pass's memory.
    private torch.Tensor FeedForwardInParts(int index, torch.Tensor x)
    {
        if (x.shape[0] <= FeedForwardTokens)
            return FeedForward(index, x);
        torch.Tensor result = torch.empty_like(x);
        for (long start = 0; start < x.shape[0]; start += FeedForwardTokens)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            long count = Math.Min(FeedForwardTokens, x.shape[0] - start);
            result.narrow(0, start, count).copy_(FeedForward(index, x.narrow(0, start, count)));
        }

        return result;
    }

    private torch.Tensor FeedForward(int index, torch.Tensor x)
    {
        FusedLayer layer = _model.Layers[index];
        torch.Tensor normalised = Normalise(x, layer, layer.Between);
        torch.Tensor both = Times(normalised, layer.GateUp);
        both = _adapters?[index].GateUp?.AddTo(both, normalised) ?? both;
        torch.Tensor gate = functional.silu(both.narrow(1, 0, _config.IntermediateSize));
        torch.Tensor inner = gate.mul_(both.narrow(1, _config.IntermediateSize, _config.IntermediateSize));
        torch.Tensor sum = Add(x, inner, layer.Down);
        return _adapters?[index].Down?.AddTo(sum, inner) ?? sum;
    }

    private torch.Tensor Spread(torch.Tensor heads)
    {
        if (_config.QueriesPerKey == 1)
        {
            return heads;
        }

        (long rows, long length) = (heads.shape[0], heads.shape[2]);
        return heads.unsqueeze(2).expand(rows, _config.KeyValueHeads, _config.QueriesPerKey, length, _config.HeadSize)
            .reshape(rows, _config.Heads, length, _config.HeadSize);
    }
}
