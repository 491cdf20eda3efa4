namespace Etr.Core.Rewards;

/// <summary>The constants of <see cref="OverlongPenalty"/> where a run charges it on top of its reward.</summary>
/// <param name="MaxLength">L_max in tokens, at least 1.</param>
/// <param name="Buffer">L_c, the width of the slope in tokens, 0 to L_max.</param>
public readonly record struct OverlongRule(int MaxLength, int Buffer);
