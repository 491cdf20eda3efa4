using BenchmarkDotNet.Running;
using Etr.Benchmarks;

if (args is ["trainer", ..])
    return await TrainerBenchmarks.RunAsync(args[1..]);

BenchmarkSwitcher.FromAssembly(typeof(TrainerBenchmarks).Assembly).Run(args);
return 0;
