namespace Etr.Grains.Diagnosis;

/// <summary>
/// How fast the free space of a disk falls: the slope of a straight line through what was free over the last minutes (least squares), so that
/// a checkpoint written or removed is no trend.
/// </summary>
/// <param name="window">What is looked back over; half of it must have been seen before anything is said.</param>
internal sealed class FreeSpaceFall(TimeSpan window)
{
    // So many looks say as much as all of them.
    private const int MostLooks = 60;

    private readonly Queue<(DateTimeOffset At, long Free)> _looks = new();
    private DateTimeOffset _newest = DateTimeOffset.MinValue;

    /// <summary>Bytes that are lost a second, negative where room is made; null before enough was seen.</summary>
    public double? BytesPerSecond { get; private set; }

    /// <summary>Adds a look.</summary>
    /// <param name="at">When; one that comes soon after another adds nothing.</param>
    /// <param name="free">Bytes that are free; null where that is not known.</param>
    public void Add(DateTimeOffset at, long? free)
    {
        if (free is not { } bytes || at - _newest < window / MostLooks)
            return;
        _newest = at;
        _looks.Enqueue((at, bytes));
        while (at - _looks.Peek().At > window)
            _looks.Dequeue();
        BytesPerSecond = at - _looks.Peek().At >= window / 2 ? -Slope() : null;
    }

    // Bytes per second. Two looks at least, at different times.
    private double Slope()
    {
        DateTimeOffset first = _looks.Peek().At;
        double meanTime = _looks.Average(look => (look.At - first).TotalSeconds);
        double meanFree = _looks.Average(look => (double)look.Free);
        double covariance = _looks.Sum(look => ((look.At - first).TotalSeconds - meanTime) * (look.Free - meanFree));
        double variance = _looks.Sum(look => Math.Pow((look.At - first).TotalSeconds - meanTime, 2));
        return covariance / variance;
    }
}
