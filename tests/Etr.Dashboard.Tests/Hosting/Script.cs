using Etr.Core.Runs;
using Etr.Grains.Feed;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;
using Etr.Grains.Waits;

namespace Etr.Dashboard.Tests.Hosting;

/// <summary>Whole scripted clusters.</summary>
internal static class Script
{
    /// <summary>Steps of the lively run.</summary>
    public const int Steps = 240;

    /// <summary>Two runs, three silos, faults, guards, evaluations, waits: something to see on every page.</summary>
    public static void Lively(DashboardHost host)
    {
        var runs = host.Runs;
        runs.Entries =
        [
            Samples.Entry() with { Step = Steps, Steps = 300 },
            Samples.Entry("run-0") with { State = RunState.Completed, Step = Steps, Steps = Steps, Shaper = "outcome", StartedAt = DateTimeOffset.UnixEpoch.AddDays(1) },
        ];
        runs.Steps = [.. Enumerable.Range(1, Steps).Select(step => Samples.Lively(step) with { Ordinals = [38, 39, 40], Applied = step != 70 })];
        runs.Status = Samples.Status(step: Steps) with
        {
            Steps = 300,
            LastStep = runs.Steps[^1],
            Alarms = [new RunAlarm("lengthening", 180, "warn", "r(R, length) was +0.02 on average over 20 steps.")],
            Evaluations = [.. Enumerable.Range(1, 11).Select(i => Samples.Evaluation(20 * i, 0.6 + 0.03 * i))],
            Waits =
            [
                new Wait { Who = "learner", What = "group 241", Seconds = 3.2, DeadlineSeconds = 27 },
                new Wait { Who = "group 244", What = "a free sampler slot: all 256 slots are taken", Seconds = 1.1, DeadlineSeconds = 4 },
            ],
        };
        StepSummary[] before = [.. runs.Steps.Select(step => step with { Accuracy = step.Accuracy - 0.03, Length = step.Length + 25, Trend = step.Trend - 0.3, Reward = step.Reward - 0.1, TrendLengthCorrelation = 0.2 })];
        runs.Others["run-0"] = (Samples.Status(RunState.Completed, Steps) with { Run = "run-0", Steps = Steps, LastStep = before[^1] }, before);
        runs.Silos =
        [
            new SiloStatusLine("silo-a", SiloRoles.All, "active", "http://127.0.0.1:8080", ["cpu"], "0.3.0"),
            new SiloStatusLine("silo-b", SiloRoles.Sampler, "active", "http://127.0.0.1:8081", ["cpu", "cuda:0"], "0.3.0"),
            new SiloStatusLine("silo-c", SiloRoles.Sampler, "shuttingdown", "", [], ""),
        ];
        runs.Pool = new PoolStatus
        {
            Samplers =
            [
                new SamplerStatus { Sampler = "silo-a/cpu", Device = "cpu", Capacity = 128, Used = 96, TokensPerSecond = 21_400, HeartbeatAgeSeconds = 0.8, MemoryBytes = 734_003_200 },
                new SamplerStatus { Sampler = "silo-b/cuda:0", Device = "cuda:0", Capacity = 128, Used = 128, TokensPerSecond = 91_000, HeartbeatAgeSeconds = 0.3, MemoryBytes = 5_368_709_120 },
            ],
            Leases = 224,
            Voided = 9,
            Waiting = 16,
            WaitingGroups = 2,
            WaitingSeconds = 1.1,
        };
        foreach (var run in new[] { Samples.Run, "run-0" })
        {
            var configuration = new RunConfiguration { Reward = new RewardOptions { Shaper = run == Samples.Run ? "guarded" : "outcome" } };
            runs.Starts[run] = new RunStart { Run = run, ConfigurationJson = RunConfigurationJson.Write(configuration), Directory = "", PolicyFile = "", PolicySha256 = "" };
        }

        foreach (var (ordinal, prompt) in new[] { (38, 15), (39, 16), (40, 17) })
        {
            var group = Samples.Group(prompt, ordinal);
            runs.Groups[ordinal] = group with
            {
                Traces = [.. group.Traces.Select((trace, slot) => trace with { Trend = (trace.Verdict == 1 ? 0.6 : -0.3) + 0.1 * slot - 0.2 * (ordinal - 38), Spearman = 0.2 * slot - 0.9 })],
            };
        }

        runs.Groups[7] = Samples.Group(17, ordinal: 7) with { PolicyVersion = 0, Round = 0 };
        for (var prompt = 0; prompt < 90; prompt++)
        {
            runs.Prompts[prompt] = Samples.Prompt(prompt);
            for (var step = 0; step < 5 + prompt % 4; step++)
                host.Feed.Publish(Samples.Event(RolloutEventKind.StepSampled, prompt, step: step, value: (prompt % 5 == 0 ? 0.3 * step + 0.1 : 1.2 / (1 + step)) + 0.02 * (prompt % 7)) with { Text = prompt % 2 == 0 ? "silo-a/cpu" : "silo-b/cuda:0", PolicyVersion = 238 + prompt % 3 });
            if (prompt % 3 > 0)
            {
                host.Feed.Publish(Samples.Event(RolloutEventKind.TraceEnded, prompt, value: 40 + prompt));
                host.Feed.Publish(Samples.Event(RolloutEventKind.GroupSealed, prompt, value: prompt % 4 / 3.0));
            }
        }

        host.Feed.Publish(Samples.Event(RolloutEventKind.StepCommitted, -1, ordinal: 120));
        Fault(host, 961, "group 961: silo-b/cpu was lost; 8 slots are leased again");
        host.Feed.Publish(Samples.Event(RolloutEventKind.StepCommitted, -1, ordinal: 200));
        Fault(host, 1604, "group 1604: a late completion was refused");
        Fault(host, 1605, "group 1605: silo-b/cpu was lost; 8 slots are leased again");
        host.Feed.Publish(Samples.Event(RolloutEventKind.Fault, -1, ordinal: 180) with { Text = "guard lengthening (warn): r(R, length) was +0.02 on average over 20 steps." });
    }

    private static void Fault(DashboardHost host, long ordinal, string text) =>
        host.Feed.Publish(Samples.Event(RolloutEventKind.Fault, 17, ordinal: ordinal) with { Text = text });
}
