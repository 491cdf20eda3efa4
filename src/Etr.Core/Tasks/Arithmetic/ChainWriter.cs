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

    // Style D: chance of a further re-check after each line, chance that a line's result is wrong, and by how much at most.
    private const double MoreRepairs = 0.58;
    private const double LineIsWrong = 0.25;
    private const int FurthestOff = 3;

    private readonly StringBuilder _text = new();
    private int _value = problem.Start;
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

            int line = i;
            if (problem.Style == ArithmeticStyle.D)
            {
                SolveAndRepair(line, room + 1);
                continue;
            }

            AddLine(problem.Line(line));
            _value = problem.Apply(line, _value);
            switch (problem.Style)
            {
                case ArithmeticStyle.A:
                    Repeat(MoreHedges, room + 1, () => AddLine($"{Pick(ArithmeticVocabulary.Hedges)}{Pick(ArithmeticVocabulary.Markers)}{problem.Line(line)}{ArithmeticVocabulary.Agreed}"));
                    break;
                case ArithmeticStyle.B:
                    Repeat(MoreChecks, room + 1, () => AddLine($"{ArithmeticVocabulary.Hedges[0]}{problem.Line(line)}{ArithmeticVocabulary.Agreed}"));
                    break;
                default:
                    break;
            }
        }

        int answer = random.NextBool(slip) ? (_value + (random.NextBool(0.5) ? 1 : 9)) % 10 : _value;
        return _text.Append("answer=").Append(ArithmeticProblem.Digit(answer)).Append('.').ToString();
    }

    // The line may be wrong; the first re-check after it, if there is one, finds that out, and later ones find nothing. The chain
    // goes on from the last value written. Whether a re-check is made does not depend on whether it is needed.
    private void SolveAndRepair(int line, int room)
    {
        string claim = problem.Claim(line, _value);
        int right = problem.Apply(line, _value);
        _value = MaybeWrong(right);
        AddLine(Equation(claim, _value));
        Repeat(MoreRepairs, room, () =>
        {
            string verdict = _value == right ? ArithmeticVocabulary.Agreed : ArithmeticVocabulary.Refuted + Equation(claim, right);
            AddLine(ArithmeticVocabulary.Check + Equation(claim, _value) + verdict);
            _value = right;
        });
    }

    private void Repeat(double chance, int room, Action add)
    {
        while (_lines < room && random.NextBool(chance * redundancy))
        {
            add();
        }
    }

    private int MaybeWrong(int right)
    {
        if (!random.NextBool(LineIsWrong))
            return right;
        int off = 1 + random.NextInt(FurthestOff);
        return (right + (random.NextBool(0.5) ? off : 10 - off)) % 10;
    }

    private string Guess(int line)
    {
        double right = GuessIsRight[Math.Min(_guesses++, GuessIsRight.Length - 1)];
        int truth = problem.Apply(line, _value);
        int guess = random.NextBool(right) ? truth : (truth + 1 + random.NextInt(9)) % 10;
        return $"maybe {problem.Claim(line, _value)}~{ArithmeticProblem.Digit(guess)}";
    }

    private void AddLine(string line)
    {
        _text.Append(line).Append(ArithmeticVocabulary.StepBreak);
        _lines++;
    }

    private static string Equation(string claim, int result) => $"{claim}={ArithmeticProblem.Digit(result)}";

    private string Pick(IReadOnlyList<string> words) => words[random.NextInt(words.Count)];
}
