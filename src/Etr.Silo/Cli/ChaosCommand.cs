using System.CommandLine;
using Etr.Silo.Chaos;

namespace Etr.Silo.Cli;

/// <summary><c>etr chaos</c>: breaks a cluster of its own at random and audits it after every fault.</summary>
internal sealed class ChaosCommand : IEtrCommand
{
    private readonly Option<int> _seed = new("--seed") { Description = "Seed of the faults.", HelpName = "N", DefaultValueFactory = static _ => 1 };
    private readonly Option<double> _minutes = new("--minutes") { Description = "How long faults are made.", HelpName = "M", DefaultValueFactory = static _ => 5 };
    private readonly Option<int> _faults = new("--faults") { Description = "Stop after so many faults; 0 does not.", HelpName = "N", DefaultValueFactory = static _ => 0 };
    private readonly Option<string?> _log = new("--log") { Description = "Write a JSON line a fault: time, fault, pid, role, step, seconds to the next commit, audit.", HelpName = "FILE" };
    private readonly Option<string?> _transcripts = new("--transcripts") { Description = "Keep what each silo writes, a file a process.", HelpName = "DIR" };
    private readonly Option<string?> _redis = new("--redis") { Description = "Keep the state in a Redis of yours (a scratch one): then the learner's silo fails over too.", HelpName = "HOST:PORT" };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr chaos --seed 1 --minutes 5                        a store's silo, samplers, faults; is the ledger closed after each?",
        "etr chaos --seed 2 --faults 100 --minutes 60 --log chaos.jsonl",
        "etr chaos --redis 127.0.0.1:6390                      the same with the store elsewhere and two silos that may train",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("chaos", "Train on a cluster of its own while killing, freezing, draining and adding silos at random; exit code 1 where anything was lost, counted twice, or hung.")
        {
            _seed, _minutes, _faults, _log, _transcripts, _redis,
        };
        _minutes.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<double>() is not (> 0 and <= 10_000))
                result.AddError("--minutes: expected a number above 0, at most 10000");
        });
        command.SetAction((parsed, interrupt) => new ChaosRunner(
            new ChaosRequest
            {
                Seed = parsed.GetValue(_seed),
                Duration = TimeSpan.FromMinutes(parsed.GetValue(_minutes)),
                Faults = Math.Max(0, parsed.GetValue(_faults)),
                Log = parsed.GetValue(_log),
                Transcripts = parsed.GetValue(_transcripts),
                Redis = parsed.GetValue(_redis),
            },
            context.Terminal,
            TimeProvider.System).RunAsync(interrupt));
        return command;
    }
}
