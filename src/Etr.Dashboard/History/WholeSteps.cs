using Etr.Dashboard.Reading;

namespace Etr.Dashboard.History;

/// <summary>
/// Steps of long runs one by one, for those who zoom into a part whose stretches are joined: read once for all who look, a thousand at a
/// time, of which the ones looked at last are kept.
/// </summary>
internal sealed class WholeSteps(IRunReader reader) : IDisposable
{
    private const int StepsAtATime = 1_000;
    private const int MostPieces = 16;

    private readonly Lock _lock = new();
    private readonly List<Piece> _pieces = [];

    /// <summary>A point for each step of a range, as far as the run answers.</summary>
    /// <param name="history">The run's history.</param>
    /// <param name="from">The first step, from 1.</param>
    /// <param name="to">The last step.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="TimeoutException">The run did not answer; what was read before is kept.</exception>
    public async Task<IReadOnlyList<StepPoint>> ReadAsync(RunHistory history, int from, int to, CancellationToken cancellationToken)
    {
        var points = new List<StepPoint>();
        for (var number = (from - 1) / StepsAtATime; number <= (to - 1) / StepsAtATime; number++)
        {
            var piece = PieceOf(history.Run, number);
            // Whoever comes second waits for the first's reading and finds it done.
            await piece.Turn.WaitAsync(cancellationToken);
            try
            {
                await FillAsync(piece, history, Math.Min(to, piece.End), cancellationToken);
                points.AddRange(piece.Points.Where(point => point.First >= from && point.Last <= to));
            }
            finally
            {
                piece.Turn.Release();
            }
        }

        return points;
    }

    public void Dispose()
    {
        foreach (var piece in _pieces)
            piece.Turn.Dispose();
    }

    private async Task FillAsync(Piece piece, RunHistory history, int upTo, CancellationToken cancellationToken)
    {
        while (piece.Last < upTo)
        {
            var steps = await reader.GetStepsAsync(piece.Run, piece.Last + 1, cancellationToken);
            if (steps.Count == 0)
                return;
            lock (history)
                piece.Points.AddRange(steps.Where(step => step.Step <= piece.End).Select(history.PointOf));
            piece.Last = Math.Min(piece.End, steps[^1].Step);
        }
    }

    private Piece PieceOf(string run, int number)
    {
        lock (_lock)
        {
            var piece = _pieces.Find(p => p.Run == run && p.Number == number) ?? new Piece(run, number);
            // The one looked at last goes to the end.
            _pieces.Remove(piece);
            _pieces.Add(piece);
            if (_pieces.Count > MostPieces)
                _pieces.RemoveAt(0);
            return piece;
        }
    }

    private sealed class Piece(string run, int number)
    {
        public string Run => run;

        public int Number => number;

        /// <summary>The last step that it may hold.</summary>
        public int End => (number + 1) * StepsAtATime;

        /// <summary>The last step that was read.</summary>
        public int Last { get; set; } = number * StepsAtATime;

        public List<StepPoint> Points { get; } = [];

        public SemaphoreSlim Turn { get; } = new(1);
    }
}
