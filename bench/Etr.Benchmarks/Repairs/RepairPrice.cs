using System.Globalization;
using System.Security.Cryptography;
using Etr.Benchmarks.Clusters;
using Etr.Core.Evaluation;
using Etr.Core.Grading;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Statistics;
using Etr.Core.Tasks.Arithmetic;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Runtime;
using Etr.Policy.Tokenizers;

namespace Etr.Benchmarks.Repairs;

/// <summary>
/// What re-checks are worth to a policy of style D: accuracy by how many of the four lines were re-checked, with 95 % intervals, how
/// many lines were wrong and repaired, and the entropies where results, repairs and re-checks were drawn. One trace a prompt, so
/// that traces are independent. Arguments: [--model DIR] [--split train|held-out] [--prompts N] [--temperature T] [--threads N].
/// </summary>
internal static class RepairPrice
{
    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        ArithmeticSplit split = arguments.Text("--split", "held-out") == "train" ? ArithmeticSplit.Train : ArithmeticSplit.HeldOut;
        var sampling = new SamplingOptions { Temperature = double.Parse(arguments.Text("--temperature", "0.7"), CultureInfo.InvariantCulture) };
        TorchRuntime runtime = TorchRuntime.Start("cpu", arguments.Number("--threads", 0));
        string folder = arguments.Text("--model", Path.Combine("models", "repair"));
        ModelDescription model = ModelFiles.Describe(folder);
        var policy = new PolicyRef(0, model.File, Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(model.File))));
        IPolicyTokenizer tokenizer = TokenizerFile.Read(Path.Combine(folder, ModelFiles.Tokenizer));
        var prompts = new ArithmeticPromptSet(0, split, arguments.Number("--prompts", 4096), [ArithmeticStyle.D]);

        await using var engine = new TorchRolloutEngine(
            model.Config, tokenizer, new RolloutEngineOptions { Threads = runtime.Threads, Capacity = 64, QueueLength = 64 }, new EngineClock(TimeProvider.System));
        var traces = new Trace[prompts.Count];
        for (int i = 0; i < traces.Length; i++)
        {
            traces[i] = new Trace();
            await engine.SubmitAsync(
                new RolloutRequest(prompts[i].Text, (uint)i, 0, 1, policy, sampling, [new RolloutSlot(0, [])], traces[i], CancellationToken.None), CancellationToken.None);
        }

        IAnswerGrader grader = TaskGraders.Of(new TaskOptions());
        var rows = new List<(RepairTrace Trace, bool Right)>();
        for (int i = 0; i < traces.Length; i++)
        {
            IReadOnlyList<SampledToken> tokens = await traces[i].Ended;
            rows.Add((new RepairTrace(prompts.Problem(i), tokens), grader.Grade(string.Concat(tokens.Select(token => token.Text)), prompts[i].Answer).Correct));
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{folder}: {rows.Count} prompts of {prompts.Name}, style D, temperature {sampling.Temperature}, a trace each"));
        Write(rows);
        return 0;
    }

    private static void Write(List<(RepairTrace Trace, bool Right)> rows)
    {
        Console.WriteLine($"{"lines re-checked",-18}{"traces",8}{"accuracy",10}{"95 % interval",18}{"tokens",9}");
        Row("all", rows);
        Row("none", rows.Where(row => row.Trace.Checked == 0));
        Row("one or more", rows.Where(row => row.Trace.Checked > 0));
        for (int lines = 1; lines <= ArithmeticProblem.Length; lines++)
            Row(lines.ToString(CultureInfo.InvariantCulture), rows.Where(row => row.Trace.Checked == lines));

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
        Console.WriteLine($"{name,-18}{rows.Length,8}{figures}");
    }

    private static string Share(int some, int all) =>
        all == 0 ? "–" : string.Create(CultureInfo.InvariantCulture, $"{(double)some / all:F3} ({some} of {all})");

    private static string Mean(IEnumerable<RepairTrace> traces, Func<RepairTrace, IReadOnlyList<double>> entropies) =>
        traces.SelectMany(entropies).DefaultIfEmpty(double.NaN).Average().ToString("F3", CultureInfo.InvariantCulture);

    private static void Print(FormattableString line) => Console.WriteLine(FormattableString.Invariant(line));

    private sealed class Trace : IRolloutObserver
    {
        private readonly List<SampledToken> _tokens = [];
        private readonly TaskCompletionSource<IReadOnlyList<SampledToken>> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task<IReadOnlyList<SampledToken>> Ended => _ended.Task;

        public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens)
        {
            _tokens.AddRange(tokens);
            return true;
        }

        public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens) => _ended.TrySetResult(_tokens);

        public void OnFailed(string reason) => _ended.TrySetException(new InvalidOperationException(reason));
    }
}
