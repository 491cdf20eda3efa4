using Etr.Core.Rollouts;

namespace Etr.Core.Tasks.Arithmetic;

/// <summary>Which side of the task's fixed split a prompt is on.</summary>
public enum ArithmeticSplit
{
    /// <summary>Prompts a policy may be trained on, supervised or by reward.</summary>
    Train,

    /// <summary>Prompts kept for evaluation.</summary>
    HeldOut,
}

/// <summary>
/// Generated prompts of the <c>arithmetic</c> task. The split is a property of the problem itself (one problem in eight,
/// by a hash of its number, is held out, in every style), so no seed can make train and held-out prompts meet.
/// </summary>
public sealed class ArithmeticPromptSet : IPromptSet
{
    private const ulong SplitKey = 0x53504C4954;
    private const uint ProblemPurpose = 0x50524F42;
    private readonly ulong _seed;
    private readonly ArithmeticSplit _split;
    private readonly IReadOnlyList<ArithmeticStyle> _styles;

    /// <summary>A set of <paramref name="count"/> prompts that takes the styles in turn.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is not positive or no style is given.</exception>
    public ArithmeticPromptSet(ulong seed, ArithmeticSplit split, int count, IReadOnlyList<ArithmeticStyle> styles)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfZero(styles.Count);
        (_seed, _split, Count, _styles) = (seed, split, count, styles);
    }

    /// <inheritdoc/>
    public string Name => _split == ArithmeticSplit.Train ? "arithmetic/train" : "arithmetic/held-out";

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public PromptItem this[int index]
    {
        get
        {
            ArithmeticProblem problem = Problem(index);
            return new PromptItem($"{Name}/{index}", problem.Prompt, ArithmeticProblem.Digit(problem.Answer))
            {
                Category = problem.Style.ToString(),
            };
        }
    }

    /// <summary>The problem behind prompt <paramref name="index"/>.</summary>
    public ArithmeticProblem Problem(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        return Draw(_seed, _split, _styles[index % _styles.Count], (ulong)index);
    }

    /// <summary>The <paramref name="index"/>-th problem of a style on one side of the split, under a seed.</summary>
    public static ArithmeticProblem Draw(ulong seed, ArithmeticSplit split, ArithmeticStyle style, ulong index)
    {
        var random = new PhiloxSequence(seed, ProblemPurpose, index);
        int number;
        do
        {
            number = random.NextInt(ArithmeticProblem.Count);
        }
        while (SplitOf(number) != split);

        return ArithmeticProblem.FromNumber(style, number);
    }

    /// <summary>The side of the split that the problem with this number is on.</summary>
    public static ArithmeticSplit SplitOf(int number) =>
        (Philox4x32.Block(SplitKey, ((uint)number, 0, 0, 0)).X & 7) == 0 ? ArithmeticSplit.HeldOut : ArithmeticSplit.Train;
}
