using System.Text;
using Etr.Core.Rollouts;

namespace Etr.Core.Tasks.Arithmetic;

/// <summary>Writes one demonstration chain of a problem, line by line.</summary>
internal sealed class ChainWriter(ArithmeticProblem problem, PhiloxSequence random, double redundancy)
{
    private const int MostLines = 16;

    // Chances of a further redundant line after (A, B) or before (C) each line, and of a right guess by its try.
    private const double MoreHedges = 0.58;
    private const double MoreChecks = 0.62;
    private const double MoreGuesses = 0.62;
    private static readonly double[] GuessIsRight = [0.35, 0.65, 0.9];

    private readonly StringBuilder _text = new();
    private int _lines;
    private int _guesses;

    public string Write(double slip)
    {
        if (problem.Style == ArithmeticStyle.B)
        {
            AddLine(string.Concat(Enumerable.Range(0, 4).Select(_ => Pick(ArithmeticVocabulary.Openings))));
        }

        for (int i = 0; i < ArithmeticProblem.Length; i++)
        {
            // The lines still needed always find room under the limit.
            int room = MostLines - (ArithmeticProblem.Length - i) - 1;
            if (problem.Style == ArithmeticStyle.C)
            {
                Repeat(MoreGuesses, room, () => AddLine(Guess(i)));
            }

            AddLine(problem.Line(i));
            int line = i;
            switch (problem.Style)
            {
                case ArithmeticStyle.A:
                    Repeat(MoreHedges, room + 1, () => AddLine($"{Pick(ArithmeticVocabulary.Hedges)}{Pick(ArithmeticVocabulary.Markers)}{problem.Line(line)} ok"));
                    break;
                case ArithmeticStyle.B:
                    Repeat(MoreChecks, room + 1, () => AddLine($"{ArithmeticVocabulary.Hedges[0]}{problem.Line(line)} ok"));
                    break;
                default:
                    break;
            }
        }

        int answer = random.NextBool(slip) ? (problem.Answer + (random.NextBool(0.5) ? 1 : 9)) % 10 : problem.Answer;
        return _text.Append("answer=").Append(ArithmeticProblem.Digit(answer)).Append('.').ToString();
    }

    private void Repeat(double chance, int room, Action add)
    {
        while (_lines < room && random.NextBool(chance * redundancy))
        {
            add();
        }
    }

    private string Guess(int line)
    {
        double right = GuessIsRight[Math.Min(_guesses++, GuessIsRight.Length - 1)];
        int truth = problem.Value(line + 1);
        int guess = random.NextBool(right) ? truth : (truth + 1 + random.NextInt(9)) % 10;
        return $"maybe {problem.Claim(line)}~{ArithmeticProblem.Digit(guess)}";
    }

    private void AddLine(string line)
    {
        _text.Append(line).Append(ArithmeticVocabulary.StepBreak);
        _lines++;
    }

    private string Pick(IReadOnlyList<string> words) => words[random.NextInt(words.Count)];
}
