using System.CommandLine;
using Etr.Policy.Runtime;
using Etr.Silo.Configuration;
using Etr.Silo.Export;
using Etr.Silo.Store;
using Etr.Silo.Training;

namespace Etr.Silo.Cli;

/// <summary><c>etr export</c>: a run's policy, or its traces, as a folder for other programs.</summary>
internal sealed class ExportCommand : IEtrCommand
{
    private readonly SettingsOptions _settings = new();
    private readonly Option<string> _run = new("--run") { Description = "The run's name, as 'etr train' printed it.", HelpName = "RUN", Required = true };
    private readonly Option<bool> _merged = new("--merged") { Description = "Write a whole model, adapters merged in; without it the adapters alone, in PEFT's format." };
    private readonly Option<bool> _traces = new("--traces") { Description = "Write steps, groups and every trace as Parquet (docs/archive.md) in place of the policy." };
    private readonly Option<long?> _step = new("--step") { Description = "The step whose policy is written; the newest where not given.", HelpName = "N" };
    private readonly Option<string> _out = new("--out") { Description = "Directory to write; empty or not there yet.", HelpName = "DIR", Required = true };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr export --run 20261123-001530-guarded --merged --out my-model       config.json, tokenizer and safetensors, for transformers or vLLM",
        "etr export --run 20261123-001530-guarded --out my-adapter              adapter_config.json and adapter_model.safetensors, for PEFT",
        "etr export --run 20261123-001530-guarded --traces --out my-traces       steps, groups and traces as Parquet, for DuckDB or pandas",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("export", "Write a run's policy as a folder that Hugging Face's tools open, or its traces as Parquet.") { _run, _merged, _traces, _step, _out };
        _settings.AddTo(command);
        command.SetAction(async (parsed, interrupt) =>
        {
            HostSettings host = _settings.Read(parsed, context.Environment, []).Host;
            StoredRun run = StoredRun.Open(DataDirectory.Existing(host.Data), parsed.GetRequiredValue(_run));
            string folder = Path.GetFullPath(parsed.GetRequiredValue(_out));
            if (parsed.GetValue(_traces))
            {
                TraceExport.Written written = await Task.Run(() => TraceExport.Write(run, folder, interrupt), interrupt);
                context.Terminal.Line($"written    {folder}: {written}");
                return ExitCodes.Done;
            }

            bool merged = parsed.GetValue(_merged);
            if (merged)
                TorchRuntime.Start("cpu", 0);
            long version = await new RunExport(run, parsed.GetValue(_step)).WriteAsync(folder, merged, interrupt);
            context.Terminal.Line($"written    {folder}: version {version} of {run.Name}, {(merged ? "a whole model" : "adapters")}");
            return ExitCodes.Done;
        });
        return command;
    }
}
