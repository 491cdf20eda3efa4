using System.Globalization;
using System.Text;
using Etr.Core.Rollouts;

namespace Etr.Core.Tasks.Arithmetic;

/// <summary>How a demonstration of the task is verbose.</summary>
public enum ArithmeticStyle
{
    /// <summary>Hedged re-checks: two random choices, then a copy of the line; the first step is certain.</summary>
    A,

    /// <summary>An uncertain opening of four random words, then confident re-checks.</summary>
    B,

    /// <summary>Wavering that settles: guesses before a line, right more and more often as the chain goes on.</summary>
    C,

    /// <summary>
    /// Repairs: a line's result is wrong now and then, and a re-check, made or not whether it is or isn't, puts it right; without one
    /// the wrong value is carried on to the answer.
    /// </summary>
    D,
}

/// <summary>
/// A chain of four operations on digits, from left to right, modulo ten. Written
/// <c>[A]8 1)+5 2)-0 3)*2 4)+9 5)?</c> without the spaces.
/// </summary>
/// <param name="Style">Which style the prompt asks for.</param>
/// <param name="Start">The starting digit.</param>
/// <param name="Operations">Four pairs of operator (<c>+ - *</c>) and digit.</param>
public sealed record ArithmeticProblem(ArithmeticStyle Style, int Start, IReadOnlyList<(char Operator, int Digit)> Operations)
{
    /// <summary>Operations in a problem.</summary>
    public const int Length = 4;

    /// <summary>Number of different problems, styles aside.</summary>
    public const int Count = 10 * 30 * 30 * 30 * 30;

    /// <summary>The problem with number <paramref name="number"/> (0 to <see cref="Count"/> − 1) in a style.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The number is outside its range.</exception>
    public static ArithmeticProblem FromNumber(ArithmeticStyle style, int number)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(number);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(number, Count);
        (number, int start) = Math.DivRem(number, 10);
        var operations = new (char, int)[Length];
        for (int i = 0; i < Length; i++)
        {
            (number, int operation) = Math.DivRem(number, 30);
            operations[i] = ("+-*"[operation / 10], operation % 10);
        }

        return new ArithmeticProblem(style, start, operations);
    }

    /// <summary>
    /// The prompt: style tag, starting digit, numbered operations, and the number after them with a question mark, so that
    /// every operation stands between two numbers.
    /// </summary>
    public string Prompt
    {
        get
        {
            var text = new StringBuilder();
            text.Append('[').Append(Style).Append(']').Append(Digit(Start));
            for (int i = 0; i < Length; i++)
            {
                text.Append(Digit(i + 1)).Append(')').Append(Operations[i].Operator).Append(Digit(Operations[i].Digit));
            }

            return text.Append(Digit(Length + 1)).Append(")?").ToString();
        }
    }

    /// <summary>The last value, 0 to 9.</summary>
    public int Answer => Value(Length);

    /// <summary>The line that restates and solves operation <paramref name="index"/> (0 to 3), such as <c>2)8-0=8</c>.</summary>
    public string Line(int index) => $"{Claim(index, Value(index))}={Digit(Value(index + 1))}";

    /// <summary>
    /// A chain of thought in the problem's style, ending in <c>answer=d.</c>. Redundant lines are geometric. In styles A, B and C
    /// they are never wrong (style C's guesses are marked as such) and never needed; in style D they are what keeps wrong
    /// lines out of the answer.
    /// </summary>
    /// <param name="random">Where the choices come from.</param>
    /// <param name="redundancy">
    /// Scales the probability of each further redundant line; 0 gives the shortest chain. Style D's wrong lines stay as many.
    /// </param>
    /// <param name="slip">Probability that the final digit is off by one. Independent of the chain's length.</param>
    public string Demonstrate(PhiloxSequence random, double redundancy, double slip)
    {
        var chain = new ChainWriter(this, random, redundancy);
        return chain.Write(slip);
    }

    /// <summary>Operation <paramref name="index"/> (0 to 3) on a value, written without its result, such as <c>2)8-0</c>.</summary>
    internal string Claim(int index, int value) =>
        $"{Digit(index + 1)}){Digit(value)}{Operations[index].Operator}{Digit(Operations[index].Digit)}";

    /// <summary>What operation <paramref name="index"/> (0 to 3) makes of a value (0 to 9).</summary>
    internal int Apply(int index, int value)
    {
        (char op, int digit) = Operations[index];
        return op switch
        {
            '+' => value + digit,
            '-' => value - digit + 10,
            _ => value * digit,
        } % 10;
    }

    internal static string Digit(int value) => value.ToString(CultureInfo.InvariantCulture);

    private int Value(int operations)
    {
        int value = Start;
        for (int i = 0; i < operations; i++)
        {
            value = Apply(i, value);
        }

        return value;
    }
}
