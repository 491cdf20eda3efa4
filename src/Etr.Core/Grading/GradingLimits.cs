namespace Etr.Core.Grading;

/// <summary>Bounds that keep any input from costing more than a few milliseconds.</summary>
internal static class GradingLimits
{
    /// <summary>Characters of a response that are looked at, counted from its end, where answers are.</summary>
    public const int ResponseTail = 16_384;

    /// <summary>Characters of an answer; a longer one is compared as text alone.</summary>
    public const int AnswerLength = 1_000;

    /// <summary>Nesting of an expression.</summary>
    public const int Depth = 40;

    /// <summary>Elements of a list, a set or a matrix.</summary>
    public const int Items = 64;

    /// <summary>Steps of reading and comparing, all told.</summary>
    public const int Steps = 200_000;

    /// <summary>Bits of an exact number.</summary>
    public const int Bits = 8_192;
}
