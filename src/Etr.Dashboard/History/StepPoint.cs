namespace Etr.Dashboard.History;

/// <summary>
/// A stretch of consecutive steps, of one step while a run is short: each figure's mean, lowest and highest value over it, so that
/// thinning hides no extreme. NaN where a figure was undefined throughout.
/// </summary>
internal sealed class StepPoint(int step, float[] values, float[] profile)
{
    private int _count = 1;

    /// <summary>Its first step.</summary>
    public int First { get; private set; } = step;

    /// <summary>Its last step.</summary>
    public int Last { get; private set; } = step;

    /// <summary>Steps in it.</summary>
    public int Count => _count;

    /// <summary>Means, by metric.</summary>
    public float[] Mean { get; } = values;

    /// <summary>Lowest values, by metric.</summary>
    public float[] Low { get; } = [.. values];

    /// <summary>Highest values, by metric.</summary>
    public float[] High { get; } = [.. values];

    /// <summary>Mean entropies (nats) of the traces' first, second, … reasoning step; as many as there are.</summary>
    public float[] Profile { get; private set; } = profile;

    /// <summary>Takes the next stretch in.</summary>
    public void Merge(StepPoint next)
    {
        for (var i = 0; i < Mean.Length; i++)
        {
            Mean[i] = Average(Mean[i], next.Mean[i], next._count);
            Low[i] = Least(Low[i], next.Low[i]);
            High[i] = -Least(-High[i], -next.High[i]);
        }

        var longest = Math.Max(Profile.Length, next.Profile.Length);
        Profile = [.. Enumerable.Range(0, longest).Select(i => Average(At(Profile, i), At(next.Profile, i), next._count))];
        (Last, _count) = (next.Last, _count + next._count);
    }

    private float Average(float mine, float other, int count) =>
        float.IsNaN(mine) ? other : float.IsNaN(other) ? mine : (mine * _count + other * count) / (_count + count);

    private static float At(float[] values, int index) => index < values.Length ? values[index] : float.NaN;

    private static float Least(float one, float other) => float.IsNaN(one) ? other : float.IsNaN(other) ? one : Math.Min(one, other);
}
