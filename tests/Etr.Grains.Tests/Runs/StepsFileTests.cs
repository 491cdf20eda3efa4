using Etr.Core.Runs;
using Etr.Grains.Runs;
using Etr.Grains.Tests.Fakes;
using Etr.Tests.Shared;

namespace Etr.Grains.Tests.Runs;

public sealed class StepsFileTests : IDisposable
{
    private static readonly string[] Shapers = ["outcome", "kimi-length"];

    private readonly string _folder = Directory.CreateTempSubdirectory("etr-steps-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Csv => Path.Combine(_folder, "steps.csv");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Each_step_has_a_line_with_a_field_for_every_column()
    {
        await UpdateAsync(1, 2);

        string[][] lines = [.. File.ReadAllLines(Csv).Select(line => line.Split(','))];
        Assert.Equal([.. StepColumns.Names, "reward[outcome]", "r_length[outcome]", "reward[kimi-length]", "r_length[kimi-length]"], lines[0]);
        Assert.All(lines, line => Assert.Equal(lines[0].Length, line.Length));
        Assert.Equal("1", Field(lines, 1, "step"));
        Assert.Equal(0.1 + 0.2, double.Parse(Field(lines, 2, "accuracy"), System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal("", Field(lines, 1, "rho_step_entropy"));
        Assert.Equal(["-0.5", "0.25", "", ""], lines[1][^4..]);
        Assert.EndsWith("\n", await File.ReadAllTextAsync(Csv, Cancellation), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_evaluation_that_came_late_is_in_its_own_steps_line_and_later_lines_stay()
    {
        await UpdateAsync(1, 3);
        string[] before = await File.ReadAllLinesAsync(Csv, Cancellation);

        await UpdateAsync(2, 3, step => Row(step) with { Evaluation = step == 2 ? Evaluation(2, "a \"quoted\",\r\nlong reason") : null, Alarms = step == 3 ? [new RunAlarm("opening", 3, "warn", "")] : [] });

        string[] after = await File.ReadAllLinesAsync(Csv, Cancellation);
        Assert.Equal(before[..2], after[..2]);
        Assert.Contains(",0.75,0.5,1,30,,\"a \"\"quoted\"\", long reason\",,", after[2], StringComparison.Ordinal);
        Assert.Contains(",opening=warn,", after[3], StringComparison.Ordinal);
        Assert.Equal(4, after.Length);
    }

    [Theory]
    [InlineData("step,accuracy,length\n1,0.5,30\n2,0.5,29\n")]
    [InlineData("")]
    [InlineData("no line end")]
    public async Task A_file_of_other_columns_is_made_again_from_the_steps(string old)
    {
        await UpdateAsync(1, 3);
        string expected = await File.ReadAllTextAsync(Csv, Cancellation);

        await File.WriteAllTextAsync(Csv, old, Cancellation);
        await UpdateAsync(3, 3);

        Assert.Equal(expected, await File.ReadAllTextAsync(Csv, Cancellation));
    }

    [Fact]
    public async Task A_file_torn_anywhere_is_made_whole()
    {
        await UpdateAsync(1, 3);
        byte[] whole = await File.ReadAllBytesAsync(Csv, Cancellation);

        for (int length = 0; length < whole.Length; length += 7)
        {
            await File.WriteAllBytesAsync(Csv, whole[..length], Cancellation);
            await UpdateAsync(3, 3);
            Assert.Equal(whole, await File.ReadAllBytesAsync(Csv, Cancellation));
        }
    }

    [Fact]
    public async Task Whoever_changed_the_file_between_two_steps_has_his_lines_replaced()
    {
        StepsFile file = new(Csv, Shapers);
        await file.UpdateAsync(1, 2, step => new ValueTask<StepRow?>(Row(step)), Cancellation);
        string two = await File.ReadAllTextAsync(Csv, Cancellation);
        await File.AppendAllTextAsync(Csv, "2,again\nand a word", Cancellation);

        await file.UpdateAsync(3, 3, step => new ValueTask<StepRow?>(Row(step)), Cancellation);

        string[] lines = await File.ReadAllLinesAsync(Csv, Cancellation);
        Assert.Equal(two, string.Concat(lines[..3].Select(line => line + "\n")));
        Assert.Equal(["step", "1", "2", "3"], lines.Select(line => line.Split(',')[0]));
    }

    [Fact]
    public async Task A_step_goes_on_where_the_last_ended_and_reads_no_step_again()
    {
        StepsFile file = new(Csv, Shapers);
        var asked = new List<int>();
        ValueTask<StepRow?> RowOf(int step)
        {
            asked.Add(step);
            return new ValueTask<StepRow?>(step == 2 ? null : Row(step));
        }

        await file.UpdateAsync(1, 2, RowOf, Cancellation);
        await file.UpdateAsync(3, 3, RowOf, Cancellation);

        Assert.Equal([1, 2, 3], asked);
        Assert.Equal(["step", "1", "3"], (await File.ReadAllLinesAsync(Csv, Cancellation)).Select(line => line.Split(',')[0]));
    }

    [Fact]
    public async Task A_run_writes_monitors_evaluations_alarms_and_the_learning_rate()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Evaluator.Find = step => (step / 10.0, 20 - step);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 4), change: Watched));
        await cluster.EndedAsync();

        string[][] lines = await LinesAsync(cluster, lines => lines.Length == 5 && Field(lines, 4, "held_out_accuracy").Length + Field(lines, 2, "held_out_accuracy").Length > 0);

        IReadOnlyList<StepSummary> steps = await cluster.Run().GetStepsAsync(1);
        Assert.Equal(["1", "2", "3", "4"], lines[1..].Select(line => line[0]));
        Assert.Equal("0.2", Field(lines, 2, "held_out_accuracy"));
        Assert.Equal(("", "0.001", "1"), (Field(lines, 1, "held_out_accuracy"), Field(lines, 3, "learning_rate"), Field(lines, 3, "rate_factor")));
        Assert.All(Enumerable.Range(1, 4), step =>
        {
            Assert.Equal(Text(steps[step - 1].FirstStepEntropy), Field(lines, step, "h1"));
            Assert.Equal(Text(steps[step - 1].Shapers.Single(shaper => shaper.Name == "kimi-length").Reward), Field(lines, step, "reward[kimi-length]"));
            Assert.Equal(Text(steps[step - 1].Shapers.Single(shaper => shaper.Name == "kimi-length").LengthCorrelation), Field(lines, step, "r_length[kimi-length]"));
        });
        Assert.NotEqual("", Field(lines, 1, "reward[kimi-length]"));
    }

    [Fact]
    public async Task A_run_that_goes_on_beside_a_file_with_fewer_columns_makes_it_whole()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 6), change: Watched));
        await cluster.UntilAsync(() => cluster.Run().GetStatusAsync(), status => status.Step >= 2);
        await cluster.Run().PauseAsync("to go on later");
        await EtrCluster.DeactivateAsync(cluster.Run());
        await LinesAsync(cluster, lines => lines.Length > 2);

        await File.WriteAllTextAsync(Path.Combine(cluster.RunDirectory(), "steps.csv"), "step,accuracy\n1,0.5\n2,0.5\n", Cancellation);
        await cluster.Run().ResumeAsync();
        await cluster.EndedAsync();

        string[][] lines = await LinesAsync(cluster, lines => lines.Length == 7);
        Assert.Equal(["step", "1", "2", "3", "4", "5", "6"], lines.Select(line => line[0]));
        Assert.All(lines, line => Assert.Equal(lines[0].Length, line.Length));
    }

    private static RunConfiguration Watched(RunConfiguration configuration) => configuration with
    {
        Reward = new RewardOptions { Mix = "outcome=1, kimi-length=0" },
        Evaluation = new EvaluationOptions { Every = 2 },
    };

    // Written beside the run, so the file may come a moment after the step.
    private static Task<string[][]> LinesAsync(EtrCluster cluster, Func<string[][], bool> fits) => cluster.UntilAsync(
        async () =>
        {
            await cluster.Run().GetStatusAsync();
            try
            {
                using var reader = new StreamReader(new FileStream(Path.Combine(cluster.RunDirectory(), "steps.csv"), FileMode.Open, FileAccess.Read, FileShare.ReadWrite));
                return (await reader.ReadToEndAsync(Cancellation)).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(',')).ToArray();
            }
            catch (IOException)
            {
                return [];
            }
        },
        fits);

    private static string Field(string[][] lines, int line, string column) => lines[line][Array.IndexOf(lines[0], column)];

    private static string Text(double value) => double.IsFinite(value) ? value.ToString("R", System.Globalization.CultureInfo.InvariantCulture) : "";

    private Task UpdateAsync(int from, int last, Func<int, StepRow>? rowOf = null) =>
        new StepsFile(Csv, Shapers).UpdateAsync(from, last, step => new ValueTask<StepRow?>((rowOf ?? Row)(step)), Cancellation);

    private static RunEvaluation Evaluation(int step, string failure) => new()
    {
        Step = step,
        Accuracy = 0.75,
        AccuracyLow = 0.5,
        AccuracyHigh = 1,
        Length = 30,
        TrendLengthCorrelation = double.NaN,
        PolicySha256 = "",
        Failure = failure,
    };

    private static StepRow Row(int step) => new(
        StepSamples.Step(step) with
        {
            Accuracy = step == 2 ? 0.1 + 0.2 : 0.5,
            Spearman = double.NaN,
            LearningRate = 1e-4,
            PolicySha256 = "abc",
            Shapers = [new ShaperSummary("outcome", 1, -0.5, 0.25)],
        },
        null,
        []);
}
