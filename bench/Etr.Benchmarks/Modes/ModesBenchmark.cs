using System.Globalization;
using Etr.Benchmarks.Clusters;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Runs;
using Etr.Silo.Engines;
using Etr.Silo.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace Etr.Benchmarks.Modes;

/// <summary>
/// How long a run takes to train the shipped policy to a target, in <c>sync</c>, <c>async</c> and <c>in-flight</c>, and how idle sampler and
/// learner are meanwhile: with both on this machine's cores, or, with <c>--token-ms</c>, with a sampler of a fixed latency beside a
/// learner that has the cores. The target is met by the means of the last five steps. Modes go in turn, seed by seed.
/// Arguments: [--modes sync,async,in-flight] [--seeds N] [--token-ms N] [--accuracy-percent N] [--length N] [--steps N].
/// </summary>
internal static class ModesBenchmark
{
    private const int Window = 5;

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        var target = new Target(arguments.Number("--accuracy-percent", 97) / 100.0, arguments.Number("--length", 42));
        int milliseconds = arguments.Number("--token-ms", 0);
        int steps = arguments.Number("--steps", 120);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"target: accuracy {target.Accuracy:F2} and {target.Length:F0} tokens a trace over {Window} steps; sampler {(milliseconds == 0 ? "on the learner's cores" : $"of {milliseconds} ms a token")}"));
        Console.WriteLine("mode       seed  seconds  steps  idle: sampler  learner");
        string[] modes = arguments.Text("--modes", "sync,async,in-flight").Split(',');
        List<(string Mode, Reached Reached)> all = [];
        for (int seed = 1; seed <= arguments.Number("--seeds", 3); seed++)
        {
            foreach (string mode in modes)
            {
                Reached reached = await MeasureAsync(mode, seed, milliseconds, steps, target);
                all.Add((mode, reached));
                Console.WriteLine($"{mode,-10} {seed,4}  {reached}");
            }
        }

        foreach (string mode in modes)
        {
            Reached[] own = [.. all.Where(one => one.Mode == mode).Select(one => one.Reached)];
            Console.WriteLine($"{mode,-10} med.  {Reached.Median(own)}");
        }

        return 0;
    }

    private static async Task<Reached> MeasureAsync(string mode, int seed, int milliseconds, int steps, Target target)
    {
        var options = new RunConfiguration { Policy = new PolicyOptions { Path = StartingPolicy.Locate("models/arithmetic") } };
        var configuration = options with
        {
            Run = options.Run with { Mode = mode, Seed = seed, Steps = steps, StopAfterQuietSteps = 0 },
            Evaluation = options.Evaluation with { Prompts = 0 },
            Training = options.Training with { Threads = milliseconds > 0 ? Environment.ProcessorCount : 0 },
        };
        await using var paced = milliseconds > 0 ? new PacedEngines(TimeSpan.FromMilliseconds(milliseconds), configuration.Policy.Slots) : null;
        await using var cluster = new BenchCluster(trains: true);
        EtrHost host = await cluster.AddAsync("sampler,learner,store", paced, run: configuration);
        EngineClock learner = host.Services.GetRequiredService<EngineClock>();
        EngineClock sampler = paced?.Clock ?? learner;
        IRunGrain run = await cluster.StartRunAsync(configuration);

        TimeSpan wall = learner.Wall, drew = sampler.Busy(EngineRole.Sampler), trained = learner.Busy(EngineRole.Learner);
        int reached = await ReachedAsync(run, steps, target);
        wall = learner.Wall - wall;
        return new Reached(
            reached, wall.TotalSeconds, 1 - (sampler.Busy(EngineRole.Sampler) - drew) / wall, 1 - (learner.Busy(EngineRole.Learner) - trained) / wall);
    }

    // The step whose last five meet the target; -1 where none does.
    private static async Task<int> ReachedAsync(IRunGrain run, int steps, Target target)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromMinutes(20));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        List<StepSummary> seen = [];
        while (seen.Count < steps && await timer.WaitForNextTickAsync(deadline.Token))
        {
            foreach (StepSummary step in await run.GetStepsAsync(seen.Count + 1))
            {
                seen.Add(step);
                StepSummary[] last = [.. seen.TakeLast(Window)];
                if (last.Length == Window && last.Average(one => one.Accuracy) >= target.Accuracy && last.Average(one => one.Length) <= target.Length)
                    return step.Step;
            }
        }

        return -1;
    }

    private sealed record Target(double Accuracy, double Length);

    private sealed record Reached(int Steps, double Seconds, double SamplerIdle, double LearnerIdle)
    {
        public static Reached Median(IReadOnlyCollection<Reached> all) => new(
            (int)Figures.Median([.. all.Select(one => (double)one.Steps)]),
            Figures.Median([.. all.Select(one => one.Seconds)]),
            Figures.Median([.. all.Select(one => one.SamplerIdle)]),
            Figures.Median([.. all.Select(one => one.LearnerIdle)]));

        public override string ToString() => string.Create(
            CultureInfo.InvariantCulture, $"{Seconds,7:F1}  {(Steps < 0 ? "never" : Steps.ToString(CultureInfo.InvariantCulture)),5}  {100 * SamplerIdle,12:F1} %  {100 * LearnerIdle,5:F1} %");
    }
}
