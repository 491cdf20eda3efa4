using BenchmarkDotNet.Running;
using Etr.Benchmarks;
using Etr.Benchmarks.Clusters;
using Etr.Benchmarks.Dashboard;
using Etr.Benchmarks.Engines;
using Etr.Benchmarks.Grading;
using Etr.Benchmarks.Loading;
using Etr.Benchmarks.Memory;
using Etr.Benchmarks.Modes;
using Etr.Benchmarks.Remote;
using Etr.Benchmarks.Repairs;
using Etr.Benchmarks.Trainers;

if (args is ["trainer", ..])
    return await TrainerBenchmarks.RunAsync(args[1..]);
if (args is ["trainer-step", ..])
    return await TrainerStepBenchmark.RunAsync(args[1..]);
if (args is ["rollouts", ..])
    return await RolloutBenchmarks.RunAsync(args[1..]);
if (args is ["engines", ..])
    return await EngineBenchmarks.RunAsync(args[1..]);
if (args is ["grader", ..])
    return GraderBenchmark.Run(args[1..]);
if (args is ["tokenizer", ..])
    return TokenizerBenchmark.Run(args[1..]);

if (args is ["repair-price", ..])
    return await RepairPrice.RunAsync(args[1..]);

if (args is ["load", ..])
    return await LoadBenchmark.RunAsync(args[1..]);
if (args is ["memory-plan", ..])
    return await MemoryPlanBenchmark.RunAsync(args[1..]);
if (args is ["modes", ..])
    return await ModesBenchmark.RunAsync(args[1..]);
if (args is ["control-plane", ..])
    return await ControlPlaneBenchmark.RunAsync(args[1..]);
if (args is ["policy-switch", ..])
    return await PolicySwitchBenchmark.RunAsync(args[1..]);
if (args is ["cluster-failover", ..])
    return await FailoverBenchmark.RunAsync(args[1..]);
if (args is ["cluster-scaling", ..])
    return await ScalingBenchmark.RunAsync(args[1..]);

if (args is ["dashboard", ..])
    return await DashboardBenchmark.RunAsync(args[1..]);
if (args is ["dashboard-server", ..])
    return await SyntheticServer.RunAsync(args[1..]);
if (args is ["dashboard-silo", ..])
    return await LiveSilo.RunAsync(args[1..]);

if (args is ["remote-overhead", ..])
    return await RemoteOverheadBenchmark.RunAsync(args[1..]);
if (args is ["entropy-approximation", ..])
    return await EntropyApproximation.RunAsync(args[1..]);

if (args is ["history", ..])
    return await HistoryBenchmark.RunAsync(args[1..]);

BenchmarkSwitcher.FromAssembly(typeof(TrainerBenchmarks).Assembly).Run(args);
return 0;
