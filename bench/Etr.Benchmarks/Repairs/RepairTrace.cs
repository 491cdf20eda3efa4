using System.Text.RegularExpressions;
using Etr.Core.Rollouts;
using Etr.Core.Tasks.Arithmetic;

namespace Etr.Benchmarks.Repairs;

/// <summary>A drawn trace of style D, read line by line.</summary>
internal sealed partial class RepairTrace
{
    private readonly List<double> _resultEntropies = [];
    private readonly List<double> _repairEntropies = [];
    private readonly List<double> _choiceEntropies = [];
    private readonly int[] _checks = new int[ArithmeticProblem.Length];
    private readonly bool[] _written = new bool[ArithmeticProblem.Length];
    private readonly bool[] _wrong = new bool[ArithmeticProblem.Length];
    private readonly bool[] _standsWrong = new bool[ArithmeticProblem.Length];

    private readonly ArithmeticProblem _problem;
    private int _value;

    public RepairTrace(ArithmeticProblem problem, IReadOnlyList<SampledToken> tokens)
    {
        ArgumentNullException.ThrowIfNull(problem);
        ArgumentNullException.ThrowIfNull(tokens);
        _problem = problem;
        _value = problem.Start;
        int start = 0;
        for (int i = 0; i < tokens.Count; i++)
        {
            if (tokens[i].Text != ArithmeticVocabulary.StepBreak)
                continue;
            Read([.. tokens.Skip(start).Take(i - start)]);
            start = i + 1;
        }

        // What follows the last blank line is the answer: drawn in place of one more re-check.
        if (_written[0] && start < tokens.Count)
            _choiceEntropies.Add(tokens[start].Entropy);
        Tokens = tokens.Count;
    }

    /// <summary>Tokens, end of sequence included.</summary>
    public int Tokens { get; }

    /// <summary>Re-checks written.</summary>
    public int Checks => _checks.Sum();

    /// <summary>Operations (0 to 4) whose line was re-checked at least once.</summary>
    public int Checked => _checks.Count(count => count > 0);

    /// <summary>Lines whose result does not follow from the operation they state.</summary>
    public int Wrong => _wrong.Count(wrong => wrong);

    /// <summary>Lines that begin from another value than the last one written.</summary>
    public int MiscopiedValues { get; private set; }

    /// <summary>Lines whose operation is not the one the prompt has under their number.</summary>
    public int MiscopiedOperations { get; private set; }

    /// <summary>Wrong lines that were re-checked.</summary>
    public int WrongChecked => _wrong.Zip(_checks).Count(line => line.First && line.Second > 0);

    /// <summary>Wrong lines that a re-check put right.</summary>
    public int Repaired { get; private set; }

    /// <summary>Re-checks that called a line wrong that was right, or had been put right.</summary>
    public int FalseAlarms { get; private set; }

    /// <summary>Lines that are neither a solved operation nor a re-check.</summary>
    public int Unreadable { get; private set; }

    /// <summary>Entropies (nats) where the result of a line was drawn.</summary>
    public IReadOnlyList<double> ResultEntropies => _resultEntropies;

    /// <summary>Entropies (nats) where the result of a repair was drawn.</summary>
    public IReadOnlyList<double> RepairEntropies => _repairEntropies;

    /// <summary>Entropies (nats) where it was drawn whether to re-check: the first token of every line but the first.</summary>
    public IReadOnlyList<double> ChoiceEntropies => _choiceEntropies;

    private void Read(SampledToken[] line)
    {
        string text = string.Concat(line.Select(token => token.Text));
        if (_written[0] && line.Length > 0)
            _choiceEntropies.Add(line[0].Entropy);
        if (Solved().Match(text) is { Success: true } solved && Index(solved) is int index)
        {
            _standsWrong[index] = !IsRight(solved);
            _wrong[index] |= _standsWrong[index];
            _written[index] = true;
            MiscopiedValues += Digit(solved, "value") == _value ? 0 : 1;
            MiscopiedOperations += (solved.Groups["operator"].Value[0], Digit(solved, "digit")) == _problem.Operations[index] ? 0 : 1;
            _value = Digit(solved, "result");
            _resultEntropies.Add(line[^1].Entropy);
        }
        else if (Rechecked().Match(text) is { Success: true } check && Index(check) is int again && _written[again])
        {
            Judge(again, check, line);
        }
        else
        {
            Unreadable++;
        }
    }

    private void Judge(int index, Match check, SampledToken[] line)
    {
        _checks[index]++;
        if (!check.Groups["no"].Success)
            return;
        Match repair = Solved().Match(check.Groups["no"].Value);
        _repairEntropies.Add(line[^1].Entropy);
        if (repair.Success)
            _value = Digit(repair, "result");
        if (!_standsWrong[index])
        {
            FalseAlarms++;
        }
        else if (repair.Success && IsRight(repair))
        {
            Repaired++;
            _standsWrong[index] = false;
        }
    }

    private static int? Index(Match line) => Digit(line, "index") is int number and >= 1 and <= ArithmeticProblem.Length ? number - 1 : null;

    private static bool IsRight(Match line)
    {
        (int value, int digit) = (Digit(line, "value"), Digit(line, "digit"));
        int right = line.Groups["operator"].Value switch { "+" => value + digit, "-" => value - digit + 10, _ => value * digit };
        return Digit(line, "result") == right % 10;
    }

    private static int Digit(Match line, string group) => line.Groups[group].Value[0] - '0';

    [GeneratedRegex(@"^(?<index>\d)\)(?<value>\d)(?<operator>[-+*])(?<digit>\d)=(?<result>\d)$")]
    private static partial Regex Solved();

    [GeneratedRegex(@"^check (?<index>\d)\)\d[-+*]\d=\d( ok| no (?<no>.*))$")]
    private static partial Regex Rechecked();
}
