using System.Globalization;
using Etr.Benchmarks.Clusters;
using Etr.Core.Evaluation;
using Etr.Core.Grading;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Statistics;
using Etr.Core.Tasks.Arithmetic;
using Etr.Policy.Rollouts;
using Etr.Policy.Runtime;
using Etr.Silo.Engines;

namespace Etr.Benchmarks.Repairs;

/// <summary>
/// What re-checks are worth to a policy of style D: accuracy by how many of the four lines were re-checked, and where every
/// re-check is refused, with 95 % intervals; how many lines were wrong and repaired; and the entropies where results, repairs and
/// re-checks were drawn. One trace a prompt, so that traces are independent. Arguments: [--model DIR] [--split train|held-out]
/// [--prompts N] [--temperature T] [--threads N].
/// </summary>
internal static class RepairPrice
{
    // Of the training prompts: any seed but that of pretraining, so that a policy has met these prompts only by chance.
    private const ulong Seed = 99;
    private const int MostPrompts = 100_000;

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        string folder = arguments.Text("--model", Path.Combine("models", "repair"));
        var sampling = new SamplingOptions { Temperature = double.Parse(arguments.Text("--temperature", "0.7"), CultureInfo.InvariantCulture) };
        ArithmeticPromptSet prompts = Prompts(arguments);

        var options = new PolicyOptions { Path = folder, Threads = arguments.Number("--threads", 0) };
        TorchRuntime.Start(options.Device, options.Threads);
        await using IRolloutEngine engine = RolloutEngines.Create(options, new EngineClock(TimeProvider.System));
        var draws = new RepairDraws(engine, await StartingPolicy.OfAsync(folder, CancellationToken.None), prompts, sampling);
        IReadOnlyList<SampledToken>[] drawn = await draws.FreeAsync();
        IReadOnlyList<SampledToken>[] refused = await draws.WithoutRechecksAsync(drawn);

        IAnswerGrader grader = TaskGraders.Of(new RunConfiguration());
        (RepairTrace, bool) Read(IReadOnlyList<SampledToken> tokens, int index) => (
            new RepairTrace(prompts.Problem(index), tokens),
            grader.Grade(string.Concat(tokens.Select(token => token.Text)), prompts[index].Answer).Correct);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{folder}: {prompts.Count} prompts of {prompts.Name}, style D, temperature {sampling.Temperature}, a trace each"));
        Write([.. drawn.Select(Read)], [.. refused.Select(Read)]);
        return 0;
    }

    private static ArithmeticPromptSet Prompts(Arguments arguments)
    {
        (ulong seed, ArithmeticSplit split) = arguments.Text("--split", "train") switch
        {
            "train" => (Seed, ArithmeticSplit.Train),
            "held-out" => (0UL, ArithmeticSplit.HeldOut),
            var other => throw new ArgumentException($"no split '{other}': train or held-out", nameof(arguments)),
        };
        int count = arguments.Number("--prompts", 4096);
        return count is >= 1 and <= MostPrompts
            ? new ArithmeticPromptSet(seed, split, count, [ArithmeticStyle.D])
            : throw new ArgumentException($"--prompts {count}: expected 1 to {MostPrompts}", nameof(arguments));
    }

    private static void Write(List<(RepairTrace Trace, bool Right)> rows, List<(RepairTrace Trace, bool Right)> refused)
    {
        Console.WriteLine($"{"lines re-checked",-19}{"traces",8}{"accuracy",10}{"95 % interval",18}{"tokens",9}");
        Row("all", rows);
        Row("none", rows.Where(row => row.Trace.Checked == 0));
        Row("one or more", rows.Where(row => row.Trace.Checked > 0));
        for (int lines = 1; lines <= ArithmeticProblem.Length; lines++)
            Row(lines.ToString(CultureInfo.InvariantCulture), rows.Where(row => row.Trace.Checked == lines));
        Row("re-checks refused", refused);

        List<RepairTrace> traces = rows.ConvertAll(row => row.Trace);
        int written = traces.Sum(trace => trace.ResultEntropies.Count);
        int wrong = traces.Sum(trace => trace.Wrong);
        int wrongChecked = traces.Sum(trace => trace.WrongChecked);
        int isChecked = traces.Sum(trace => trace.Checked);
        Print($"lines wrong               {Share(wrong, written)}");
        Print($"wrong lines re-checked    {Share(wrongChecked, wrong)}");
        Print($"right lines re-checked    {Share(isChecked - wrongChecked, written - wrong)}");
        Print($"… of the wrong, repaired  {Share(traces.Sum(trace => trace.Repaired), wrongChecked)}");
        Print($"false alarms              {Share(traces.Sum(trace => trace.FalseAlarms), traces.Sum(trace => trace.Checks))} of re-checks");
        Print($"operation miscopied       {Share(traces.Sum(trace => trace.MiscopiedOperations), written)} of lines");
        Print($"value miscopied           {Share(traces.Sum(trace => trace.MiscopiedValues), written)} of lines");
        Print($"lines without a reading   {traces.Sum(trace => trace.Unreadable)}");
        Print($"re-checks a trace         {traces.Average(trace => trace.Checks):F2}");
        Print($"entropy (nats) of a line's result {Mean(traces, trace => trace.ResultEntropies)}, of a repair's {Mean(traces, trace => trace.RepairEntropies)}, of whether to re-check {Mean(traces, trace => trace.ChoiceEntropies)}");
    }

    private static void Row(string name, IEnumerable<(RepairTrace Trace, bool Right)> some)
    {
        (RepairTrace Trace, bool Right)[] rows = [.. some];
        int right = rows.Count(row => row.Right);
        WilsonInterval interval = WilsonInterval.Of(right, rows.Length);
        string figures = rows.Length == 0 ? "" : string.Create(
            CultureInfo.InvariantCulture,
            $"{(double)right / rows.Length,10:F3}{$"{interval.Low:F3} – {interval.High:F3}",18}{rows.Average(row => row.Trace.Tokens),9:F1}");
        Console.WriteLine($"{name,-19}{rows.Length,8}{figures}");
    }

    private static string Share(int some, int all) =>
        all == 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{(double)some / all:F3} ({some} of {all})");

    private static string Mean(IEnumerable<RepairTrace> traces, Func<RepairTrace, IReadOnlyList<double>> entropies) =>
        traces.SelectMany(entropies).DefaultIfEmpty(double.NaN).Average().ToString("F3", CultureInfo.InvariantCulture);

    private static void Print(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));
}
