namespace Etr.Core.Rewards;

/// <summary>The soft penalty for long answers (DAPO, arXiv 2503.14476, equation 13).</summary>
public static class OverlongPenalty
{
    /// <summary>0 up to <paramref name="maxLength"/> − <paramref name="buffer"/>, falling in a line to −1 at the limit, −1 beyond.</summary>
    /// <param name="length">The response's length in tokens, 0 or more.</param>
    /// <param name="maxLength">The limit in tokens, at least 1.</param>
    /// <param name="buffer">Width of the slope in tokens, 0 to <paramref name="maxLength"/>.</param>
    /// <returns>−1 to 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static double Of(int length, int maxLength, int buffer)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(buffer);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(buffer, maxLength);
        if (length <= maxLength - buffer)
            return 0;
        return length > maxLength ? -1 : (maxLength - buffer - length) / (double)buffer;
    }
}
