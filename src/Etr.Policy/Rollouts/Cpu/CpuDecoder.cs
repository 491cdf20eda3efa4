using Etr.Policy.Models;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>
/// The decoder in plain memory: reads batches of tokens into their sequences' pages and gives logits. Every worker runs
/// the same pass over a share of it. A small model's rows go apart, each worker taking its rows through all layers alone; a
/// larger one's workers go together through each layer and share out its panels, so that the weights come from memory once.
/// Neither way cuts a sum in two, so neither changes a bit.
/// </summary>
internal sealed unsafe class CpuDecoder : IDisposable
{
    // Weights that the workers may each stream through for themselves: what a shared cache holds.
    private const long LargestApart = 20L << 20;

    // Multiplications of a pass below which one worker is as fast as several, and need not wait for a core that others use.
    private const long WorkOfOne = 4L << 20;

    // Rows that a worker must have for it to be worth it.
    private const int FewestApart = 4;

    private readonly CpuWeights _weights;
    private readonly ModelConfig _config;
    private readonly WorkerTeam _team;
    private readonly KeyValuePages _pages;
    private readonly RotaryAngles _rotary;
    private readonly Action<int> _pass;
    private readonly int _queryWidth;
    private readonly float _queryScale;
    private readonly long _workOfOne;
    private Scratch _scratch;
    private TokenBatch _batch = new();
    private bool _apart;
    private int _workers;

    /// <summary>A decoder over weights, pages and a team that stay the caller's.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="pages">Where sequences have their keys and values.</param>
    /// <param name="team">The workers.</param>
    /// <param name="workOfOne">Multiplications of a pass below which one worker makes it alone.</param>
    public CpuDecoder(CpuWeights weights, KeyValuePages pages, WorkerTeam team, long workOfOne = WorkOfOne)
    {
        _workOfOne = workOfOne;
        _weights = weights;
        _config = weights.Config;
        _team = team;
        _pages = pages;
        _rotary = new RotaryAngles(_config);
        _pass = Pass;
        _queryWidth = _config.Heads * _config.HeadSize;
        _queryScale = (float)(1 / Math.Sqrt(_config.HeadSize));
        _scratch = new Scratch(weights, team.Count, 1, 1, 1);
    }

    /// <summary>Logits of the last batch's output <paramref name="output"/>, the vocabulary's; overwritten by later passes that name it.</summary>
    public float* Logits(int output) => _scratch.Logits.Floats + (long)output * _weights.Head.PaddedOutputs;

    /// <summary>Makes room for logits before the first pass that writes some.</summary>
    public void ReserveOutputs(int outputs) => Reserve(1, outputs, 1);

    /// <summary>Reads a batch: writes its keys and values, and the logits that it asks for.</summary>
    public void Read(TokenBatch batch)
    {
        int longest = 0;
        int outputs = 0;
        foreach (TokenBatch.Run run in batch.Runs)
        {
            longest = Math.Max(longest, run.Position + run.Rows);
        }

        foreach ((_, int output) in batch.Outputs)
        {
            outputs = Math.Max(outputs, output + 1);
        }

        Reserve(batch.Rows, outputs, longest);
        _batch = batch;
        _workers = batch.Rows * _weights.Multiplications < _workOfOne ? 1 : _team.Count;
        _apart = _workers == 1 || (_weights.Bytes <= LargestApart && batch.Runs.Count >= FewestApart * _team.Count);
        if (_workers == 1)
        {
            Pass(0);
        }
        else
        {
            _team.Run(_pass);
        }
    }

    public void Dispose()
    {
        _scratch.Dispose();
        _rotary.Dispose();
    }

    private void Reserve(int rows, int outputs, int length)
    {
        _rotary.Reserve(length);
        if (rows <= _scratch.Rows && outputs <= _scratch.Outputs && length <= _scratch.Length)
        {
            return;
        }

        Scratch old = _scratch;
        _scratch = new Scratch(
            _weights, _team.Count, Larger(old.Rows, rows), Larger(old.Outputs, outputs), Larger(old.Length, length));
        Buffer.MemoryCopy(old.Logits.Bytes, _scratch.Logits.Bytes, _scratch.LogitBytes, old.LogitBytes);
        old.Dispose();
    }

    private static int Larger(int old, int wanted) => wanted <= old ? old : Math.Max(wanted, Math.Min(2 * old, old + 64));

    private void Pass(int worker)
    {
        var share = new Share(_batch, worker, _workers, _apart);
        Embed(share);
        Meet();
        for (int i = 0; i < _config.Layers; i++)
        {
            CpuWeights.Layer layer = _weights.Layers[i];
            Project(share, layer);
            Meet();
            Attend(share, i);
            Meet();
            AddTo(share, layer.Output, _scratch.Mixed, _queryWidth);
            Meet();
            FeedForward(share, layer);
            Meet();
            AddTo(share, layer.Down, _scratch.Inner, _scratch.InnerStride);
            Meet();
        }

        Predict(share);
    }

    private void Meet()
    {
        if (!_apart)
        {
            _team.Meet();
        }
    }

    private void Embed(Share share)
    {
        (int first, int end) = share.Of(_batch.Rows, share.FirstRow, share.EndRow);
        for (int row = first; row < end; row++)
        {
            long bytes = (long)_config.HiddenSize * sizeof(float);
            Buffer.MemoryCopy(_weights.Embedding(_batch.Token(row)), Residual(row), bytes, bytes);
        }
    }

    // Every worker normalises what it multiplies: cheaper than a meeting.
    private float* Normalised(Share share)
    {
        float* to = _scratch.Normalised(share.Worker);
        for (int row = share.FirstRow; row < share.EndRow; row++)
        {
            VectorMath.Normalise(Residual(row), to + (long)(row - share.FirstRow) * _config.HiddenSize, _config.HiddenSize, _config.NormEpsilon);
        }

        return to;
    }

    private void Project(Share share, CpuWeights.Layer layer)
    {
        float* x = Normalised(share);
        int stride = layer.Joined.PaddedOutputs;
        (int first, int end) = share.Of(layer.Joined.Panels);
        for (int panel = first; panel < end; panel++)
        {
            int at = panel * PackedMatrix.PanelWidth;
            PanelProduct.Run(
                layer.Joined, panel, x, _config.HiddenSize, share.Rows, layer.JoinedBias + at, 0, _scratch.Joined.Floats + (long)share.FirstRow * stride + at, stride);
        }
    }

    // x += W · input
    private void AddTo(Share share, PackedMatrix matrix, AlignedMemory input, int inputStride)
    {
        int hidden = _scratch.HiddenStride;
        (int first, int end) = share.Of(matrix.Panels);
        for (int panel = first; panel < end; panel++)
        {
            float* x = Residual(share.FirstRow) + panel * PackedMatrix.PanelWidth;
            PanelProduct.Run(matrix, panel, input.Floats + (long)share.FirstRow * inputStride, inputStride, share.Rows, x, hidden, x, hidden);
        }
    }

    private void FeedForward(Share share, CpuWeights.Layer layer)
    {
        const int half = CpuWeights.Layer.HalfPanel;
        float* x = Normalised(share);
        float* both = _scratch.GateUp(share.Worker);
        (int first, int end) = share.Of(layer.GateUp.Panels);
        for (int panel = first; panel < end; panel++)
        {
            PanelProduct.Run(layer.GateUp, panel, x, _config.HiddenSize, share.Rows, null, 0, both, PackedMatrix.PanelWidth);
            for (int row = 0; row < share.Rows; row++)
            {
                float* gate = both + row * PackedMatrix.PanelWidth;
                VectorMath.SwiGlu(gate, gate + half, _scratch.Inner.Floats + (long)(share.FirstRow + row) * _scratch.InnerStride + panel * half, half);
            }
        }
    }

    private void Attend(Share share, int layer)
    {
        int heads = _config.KeyValueHeads;
        (int first, int end) = share.Of(_batch.Runs.Count * heads, share.FirstRun * heads, share.EndRun * heads);
        for (int item = first; item < end; item++)
        {
            Attend(_batch.Runs[item / heads], layer, item % heads, share.Worker);
        }
    }

    // One key and value head of a run: writes the run's keys and values, then lets each query look back.
    private void Attend(TokenBatch.Run run, int layer, int head, int worker)
    {
        int size = _config.HeadSize;
        for (int i = 0; i < run.Rows; i++)
        {
            int position = run.Position + i;
            float* joined = _scratch.JoinedRow(run.FirstRow + i);
            float* key = joined + _queryWidth + head * size;
            NormaliseHead(key, _weights.Layers[layer].KeyNorm);
            VectorMath.Turn(key, _rotary.Cos(position), _rotary.Sin(position), size / 2, 1);
            KeyValuePages.Page page = run.Sequence[position / KeyValuePages.PagePositions];
            PagedAttention.Append(
                _pages.Keys(page, layer, head), _pages.Values(page, layer, head), position, key, key + _config.KeyValueHeads * size, size);
        }

        for (int i = 0; i < run.Rows; i++)
        {
            int position = run.Position + i;
            float* joined = _scratch.JoinedRow(run.FirstRow + i);
            for (int query = head * _config.QueriesPerKey; query < (head + 1) * _config.QueriesPerKey; query++)
            {
                NormaliseHead(joined + query * size, _weights.Layers[layer].QueryNorm);
                VectorMath.Turn(joined + query * size, _rotary.Cos(position), _rotary.Sin(position), size / 2, _queryScale);
                Attend(run.Sequence, layer, head, position, joined + query * size, _scratch.Mixed.Floats + (long)(run.FirstRow + i) * _queryWidth + query * size, worker);
            }
        }
    }

    private void NormaliseHead(float* head, float* norm)
    {
        if (norm is not null)
        {
            VectorMath.Normalise(head, head, _config.HeadSize, _config.NormEpsilon);
            VectorMath.Multiply(head, norm, _config.HeadSize);
        }
    }

    private void Attend(CachedSequence sequence, int layer, int head, int position, float* query, float* mixed, int worker)
    {
        const int inPage = KeyValuePages.PagePositions;
        int size = _config.HeadSize;
        int padded = VectorMath.Padded(size);
        int pages = position / inPage + 1;
        float* scores = _scratch.Scores(worker);
        float* even = _scratch.Sums(worker);
        float* odd = even + padded;
        for (int page = 0; page < pages; page++)
        {
            PagedAttention.Score(query, _pages.Keys(sequence[page], layer, head), size, scores + page * inPage);
        }

        float inverse = 1 / VectorMath.Exponentials(scores, position + 1);
        new Span<float>(even, 2 * padded).Clear();
        for (int page = 0; page < pages; page++)
        {
            int count = Math.Min(inPage, position + 1 - page * inPage);
            PagedAttention.Mix(scores + page * inPage, _pages.Values(sequence[page], layer, head), count, padded, even, odd);
        }

        for (int d = 0; d < size; d++)
        {
            mixed[d] = (even[d] + odd[d]) * inverse;
        }
    }

    private void Predict(Share share)
    {
        int hidden = _config.HiddenSize;
        float* x = _scratch.Normalised(share.Worker);
        int count = 0;
        int firstOutput = -1;
        foreach ((int row, int output) in _batch.Outputs)
        {
            if (row >= share.FirstRow && row < share.EndRow)
            {
                firstOutput = firstOutput < 0 ? output : firstOutput;
                VectorMath.Normalise(Residual(row), x + (long)count * hidden, hidden, _config.NormEpsilon);
                count++;
            }
        }

        if (count == 0)
        {
            return;
        }

        // Outputs of a batch are numbered without gaps.
        int stride = _weights.Head.PaddedOutputs;
        (int first, int end) = share.Of(_weights.Head.Panels);
        for (int panel = first; panel < end; panel++)
        {
            int at = panel * PackedMatrix.PanelWidth;
            PanelProduct.Run(_weights.Head, panel, x, hidden, count, null, 0, Logits(firstOutput) + at, stride);
        }
    }

    private float* Residual(int row) => _scratch.Residual.Floats + (long)row * _scratch.HiddenStride;

    /// <summary>A worker's part of a pass.</summary>
    private readonly struct Share
    {
        private readonly int _workers;
        private readonly bool _apart;

        public Share(TokenBatch batch, int worker, int workers, bool apart)
        {
            (Worker, _workers, _apart) = (worker, workers, apart);
            (FirstRun, EndRun) = apart ? (Cut(batch.Runs.Count, worker, workers), Cut(batch.Runs.Count, worker + 1, workers)) : (0, batch.Runs.Count);
            FirstRow = FirstRun < batch.Runs.Count ? batch.Runs[FirstRun].FirstRow : batch.Rows;
            EndRow = EndRun < batch.Runs.Count ? batch.Runs[EndRun].FirstRow : batch.Rows;
        }

        public int Worker { get; }

        public int FirstRun { get; }

        public int EndRun { get; }

        public int FirstRow { get; }

        public int EndRow { get; }

        public int Rows => EndRow - FirstRow;

        /// <summary>Its part of so many panels: all where workers go apart.</summary>
        public (int First, int End) Of(int count) => _apart ? (0, count) : (Cut(count, Worker, _workers), Cut(count, Worker + 1, _workers));

        /// <summary>Its part of so many rows or runs: its own where workers go apart.</summary>
        public (int First, int End) Of(int count, int first, int end) => _apart ? (first, end) : Of(count);

        private static int Cut(int count, int worker, int workers) => (int)((long)count * worker / workers);
    }

    /// <summary>Memory of a pass.</summary>
    private sealed class Scratch : IDisposable
    {
        private readonly AlignedMemory _normalised;
        private readonly AlignedMemory _gateUp;
        private readonly AlignedMemory _scores;
        private readonly AlignedMemory _sums;
        private readonly int _hidden;
        private readonly int _joinedStride;
        private readonly int _scoreStride;
        private readonly int _sumStride;

        public Scratch(CpuWeights weights, int workers, int rows, int outputs, int length)
        {
            ModelConfig config = weights.Config;
            CpuWeights.Layer layer = weights.Layers[0];
            (Rows, Outputs, Length) = (rows, outputs, length);
            _hidden = config.HiddenSize;
            HiddenStride = layer.Down.PaddedOutputs;
            InnerStride = layer.GateUp.Panels * CpuWeights.Layer.HalfPanel;
            _joinedStride = layer.Joined.PaddedOutputs;
            _scoreStride = (length / KeyValuePages.PagePositions + 1) * KeyValuePages.PagePositions;
            _sumStride = 2 * VectorMath.Padded(config.HeadSize);
            int most = Math.Max(rows, outputs);
            Residual = Floats((long)rows * HiddenStride);
            Joined = Floats((long)rows * _joinedStride);
            Mixed = Floats((long)rows * config.Heads * config.HeadSize);
            Inner = Floats((long)rows * InnerStride);
            LogitBytes = (long)outputs * weights.Head.PaddedOutputs * sizeof(float);
            Logits = new AlignedMemory(LogitBytes);
            _normalised = Floats((long)workers * most * _hidden);
            _gateUp = Floats((long)workers * rows * PackedMatrix.PanelWidth);
            _scores = Floats((long)workers * _scoreStride);
            _sums = Floats((long)workers * _sumStride);
        }

        public int Rows { get; }

        public int Outputs { get; }

        public int Length { get; }

        public int HiddenStride { get; }

        public int InnerStride { get; }

        public long LogitBytes { get; }

        /// <summary>[rows, hidden], padded.</summary>
        public AlignedMemory Residual { get; }

        /// <summary>q, k and v: [rows, (heads + 2 · kv heads) · size], padded.</summary>
        public AlignedMemory Joined { get; }

        /// <summary>What attention gives: [rows, heads · size].</summary>
        public AlignedMemory Mixed { get; }

        /// <summary>[rows, intermediate], padded.</summary>
        public AlignedMemory Inner { get; }

        /// <summary>[outputs, vocabulary], padded.</summary>
        public AlignedMemory Logits { get; }

        public float* JoinedRow(int row) => Joined.Floats + (long)row * _joinedStride;

        public float* Normalised(int worker) => _normalised.Floats + (long)worker * Math.Max(Rows, Outputs) * _hidden;

        public float* GateUp(int worker) => _gateUp.Floats + (long)worker * Rows * PackedMatrix.PanelWidth;

        public float* Scores(int worker) => _scores.Floats + (long)worker * _scoreStride;

        public float* Sums(int worker) => _sums.Floats + (long)worker * _sumStride;

        public void Dispose()
        {
            foreach (AlignedMemory memory in (AlignedMemory[])[Residual, Joined, Mixed, Inner, Logits, _normalised, _gateUp, _scores, _sums])
            {
                memory.Dispose();
            }
        }

        private static AlignedMemory Floats(long count) => new(count * sizeof(float));
    }
}
