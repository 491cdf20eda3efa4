using Etr.Policy.Models;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>A lane of the CPU engine: packed weights, and a cached sequence a row. Owns both; the team is the engine's.</summary>
internal sealed unsafe class CpuLaneModel : ILaneModel
{
    // Tokens of prompts that are read in one pass.
    private const int MostPromptRows = 256;

    // Logits below which sharing out the draws costs more than it saves.
    private const long FewLogits = 8192;

    private readonly CpuWeights _weights;
    private readonly KeyValuePages _pages;
    private readonly CpuDecoder _decoder;
    private readonly WorkerTeam _team;
    private readonly RowSampler[] _samplers;
    private readonly Action<int> _drawShare;
    private readonly List<CachedSequence> _rows = [];
    private readonly TokenBatch _batch = new();
    private DrawRequest[] _requests = [];
    private DrawnToken[] _drawn = [];
    private int[] _outputs = [];
    private int _count;

    public CpuLaneModel(CpuWeights weights, WorkerTeam team)
    {
        ModelConfig config = weights.Config;
        _weights = weights;
        _team = team;
        _pages = new KeyValuePages(config);
        _decoder = new CpuDecoder(weights, _pages, team);
        _samplers = [.. Enumerable.Range(0, team.Count).Select(_ => new RowSampler(config.VocabularySize))];
        _drawShare = DrawShare;
    }

    /// <inheritdoc/>
    public void Enter(IReadOnlyList<int[]> sequences, IReadOnlyList<int> sequenceOf, ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn)
    {
        CachedSequence[] read = [.. sequences.Select(_ => new CachedSequence(_pages))];
        Prefill(sequences, read);
        Grow(requests.Length);
        var first = new bool[read.Length];
        for (int i = 0; i < requests.Length; i++)
        {
            int sequence = sequenceOf[i];
            // The first to go on from a sequence takes it; the others share its full pages, as they stand before anyone writes.
            _rows.Add(first[sequence] ? read[sequence].Fork(sequences[sequence].Length) : read[sequence]);
            first[sequence] = true;
            _outputs[i] = sequence;
        }

        Draw(requests, drawn);
    }

    /// <inheritdoc/>
    public void Step(ReadOnlySpan<int> ids, ReadOnlySpan<int> positions, ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn)
    {
        Grow(ids.Length);
        _batch.Clear();
        for (int row = 0; row < ids.Length; row++)
        {
            _rows[row].Reserve(positions[row] + 1);
            _batch.Add(_rows[row], ids.Slice(row, 1), positions[row], row);
            _outputs[row] = row;
        }

        _decoder.Read(_batch);
        Draw(requests, drawn);
    }

    /// <inheritdoc/>
    public void Leave(int row)
    {
        _rows[row].Release();
        _rows[row] = _rows[^1];
        _rows.RemoveAt(_rows.Count - 1);
    }

    /// <inheritdoc/>
    public void Forget()
    {
        while (_rows.Count > 0)
            Leave(_rows.Count - 1);
    }

    public void Dispose()
    {
        _decoder.Dispose();
        _pages.Dispose();
        _weights.Dispose();
        foreach (RowSampler sampler in _samplers)
        {
            sampler.Dispose();
        }
    }

    // Whole sequences, as many tokens a pass as it takes at once; a long one goes over several.
    private void Prefill(IReadOnlyList<int[]> sequences, CachedSequence[] read)
    {
        _decoder.ReserveOutputs(sequences.Count);
        _batch.Clear();
        for (int i = 0; i < sequences.Count; i++)
        {
            int[] tokens = sequences[i];
            read[i].Reserve(tokens.Length);
            for (int position = 0; position < tokens.Length;)
            {
                int count = Math.Min(tokens.Length - position, MostPromptRows - _batch.Rows);
                bool whole = position + count == tokens.Length;
                _batch.Add(read[i], tokens.AsSpan(position, count), position, whole ? i : -1);
                position += count;
                if (_batch.Rows == MostPromptRows)
                {
                    _decoder.Read(_batch);
                    _batch.Clear();
                }
            }
        }

        if (_batch.Rows > 0)
        {
            _decoder.Read(_batch);
        }
    }

    private void Draw(ReadOnlySpan<DrawRequest> requests, Span<DrawnToken> drawn)
    {
        _count = requests.Length;
        requests.CopyTo(_requests);
        if ((long)_count * _weights.Config.VocabularySize < FewLogits)
        {
            DrawRows(0, _count, _samplers[0]);
        }
        else
        {
            _team.Run(_drawShare);
        }

        _drawn.AsSpan(0, _count).CopyTo(drawn);
    }

    private void DrawShare(int worker) =>
        DrawRows((int)((long)_count * worker / _team.Count), (int)((long)_count * (worker + 1) / _team.Count), _samplers[worker]);

    private void DrawRows(int first, int end, RowSampler sampler)
    {
        for (int i = first; i < end; i++)
        {
            _drawn[i] = sampler.Draw(_decoder.Logits(_outputs[i]), _requests[i]);
        }
    }

    private void Grow(int count)
    {
        if (_requests.Length < count)
        {
            int size = Math.Max(count, 2 * _requests.Length);
            (_requests, _drawn, _outputs) = (new DrawRequest[size], new DrawnToken[size], new int[size]);
        }
    }
}
