using System.Globalization;
using Etr.Core.Evaluation;
using Etr.Grains.Runs;
using Etr.Silo.Cli;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Etr.Silo.Training;

/// <summary>One table that is redrawn in place: for a person at a terminal.</summary>
internal sealed class LiveDisplay : ITrainDisplay
{
    private const int BarWidth = 40;
    private const double LongWait = 10;
    private readonly Lock _lock = new();
    private readonly List<StepSummary> _steps = [];
    private readonly TaskCompletionSource _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Task _drawing;
    private LiveDisplayContext? _context;
    private IRenderable _shown = new Text("starting");

    /// <summary>Begins to draw.</summary>
    public LiveDisplay(Terminal terminal) => _drawing = terminal.Console.Live(_shown).StartAsync(async context =>
    {
        lock (_lock)
        {
            _context = context;
            context.UpdateTarget(_shown);
        }

        await _done.Task;
    });

    /// <inheritdoc/>
    public void Evaluating(string which, EvaluationProgress progress) =>
        Draw(new Markup($"evaluating [bold]{Markup.Escape(which)}[/]  {Bar(progress.Traces, progress.Of)}  {progress.Traces}/{progress.Of} traces"));

    /// <inheritdoc/>
    public void Show(RunStatus status, IReadOnlyList<StepSummary> newSteps)
    {
        _steps.AddRange(newSteps);
        Grid grid = new Grid().AddColumn().AddColumn();
        grid.AddRow("step", $"{Bar(status.Step, status.Steps)}  {status.Step}/{status.Steps}  {StepFigures.Remaining(StepFigures.TimeLeft(_steps, status.Steps))} left");
        if (_steps.Count > 0)
            AddFigures(grid, _steps[^1]);
        if (status.Evaluations.Count > 0)
            grid.AddRow("evaluated", Markup.Escape(StepFigures.Line(status.Evaluations[^1])));
        if (status.Alarms.Count > 0)
            grid.AddRow("alarm", $"[yellow]{Markup.Escape(StepFigures.Line(status.Alarms[^1]))}[/]");
        if (status.SkippedSteps > 0)
            grid.AddRow("skipped", $"[yellow]{status.SkippedSteps} steps: loss or gradients were not finite[/]");
        if (status.Waits.Count > 0 && status.Waits[0].Seconds > LongWait)
            grid.AddRow("waits", Markup.Escape(WaitLine.Of(status.Waits[0])));
        Draw(grid);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _done.TrySetResult();
        _drawing.GetAwaiter().GetResult();
    }

    private static void AddFigures(Grid grid, StepSummary last)
    {
        grid.AddRow("accuracy", string.Create(CultureInfo.InvariantCulture, $"[bold]{last.Accuracy:0.000}[/]"));
        grid.AddRow("length", string.Create(CultureInfo.InvariantCulture, $"[bold]{last.Length:0.0}[/] tokens"));
        grid.AddRow("entropy trend", StepFigures.Number(last.Trend, "+0.000;-0.000;0.000") + " nats");
        grid.AddRow("r(R, length)", Correlation(last.TrendLengthCorrelation));
        if (last.TrendOff > 0)
            grid.AddRow("trend off", $"in {StepFigures.Number(100 * last.TrendOff, "0")} % of groups: their right traces hardly differ in R");
        if (last.RateFactor < 1)
            grid.AddRow("learning rate", string.Create(CultureInfo.InvariantCulture, $"{last.LearningRate:0.###e+0} (x{last.RateFactor:0.####})"));
        grid.AddRow("tokens/s", StepFigures.Number(last.TokensPerSecond, "0"));
    }

    // The sign is the alarm: a positive one says that the reward pays for length now.
    private static string Correlation(double value) =>
        $"{StepFigures.Number(value, "+0.00;-0.00;0.00")} {(value > 0 ? "[yellow](lengthens)[/]" : value < 0 ? "(shortens)" : "")}";

    private static string Bar(int done, int of)
    {
        int filled = of <= 0 ? 0 : (int)((long)BarWidth * Math.Min(done, of) / of);
        return $"[green]{new string('━', filled)}[/][grey]{new string('─', BarWidth - filled)}[/]";
    }

    private void Draw(IRenderable renderable)
    {
        lock (_lock)
        {
            _shown = renderable;
            _context?.UpdateTarget(renderable);
        }
    }
}
