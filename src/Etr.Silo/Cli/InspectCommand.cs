using System.CommandLine;
using Etr.Core.Runs;
using Etr.Policy.Adapters;
using Etr.Policy.Memory;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Silo.Engines;
using Etr.Silo.Inspection;

namespace Etr.Silo.Cli;

/// <summary><c>etr inspect</c>: what a model's folder holds, and what drawing and training with it take.</summary>
internal sealed class InspectCommand : IEtrCommand
{
    private const int UsualBatch = 32;
    private const int UsualLength = 2048;
    private const int UsualPrompt = 256;

    private readonly SettingsOptions _settings = new();
    private readonly Argument<string> _folder = new("dir") { Description = "Directory with config.json and safetensors.", HelpName = "DIR" };
    private readonly Option<int> _batch = new("--batch") { Description = "Sequences that are drawn at once.", HelpName = "N", DefaultValueFactory = static _ => UsualBatch };
    private readonly Option<int?> _length = new("--length") { Description = "Tokens of a sequence, prompt included; 2048 or the context where not given.", HelpName = "N" };
    private readonly Option<bool> _json = new("--json") { Description = "Write one JSON object." };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr inspect models/arithmetic",
        "etr inspect DIR --batch 64 --length 16384 --set Etr:Training:Lora:Rank=32 --set Etr:Training:Checkpointing=true",
        "etr inspect DIR --json",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("inspect", "Check a model's folder without loading a weight: architecture, parameters, element types, and the memory that drawing and training take.")
        {
            _folder, _batch, _length, _json,
        };
        _settings.AddTo(command);
        _batch.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() is not (>= 1 and <= 65_536))
                result.AddError("--batch: expected a number from 1 to 65536");
        });
        _length.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is { } length and not (>= 2 and <= 1 << 24))
                result.AddError("--length: expected a number from 2 to 16777216");
        });
        command.SetAction(parsed =>
        {
            RunConfiguration run = _settings.Read(parsed, context.Environment, []).Run;
            ModelInspection inspection = Inspect(StartingPolicy.Locate(parsed.GetRequiredValue(_folder)), run, parsed.GetValue(_batch), parsed.GetValue(_length));
            if (parsed.GetValue(_json))
                context.Terminal.Line(inspection.ToJson());
            else
                inspection.Print(context.Terminal);
            return ExitCodes.Done;
        });
        return command;
    }

    private static ModelInspection Inspect(string folder, RunConfiguration run, int batch, int? length)
    {
        if (!Directory.Exists(folder))
            throw new CommandFailure($"there is no model directory {folder}");
        ModelDescription model = ModelFiles.Describe(folder);
        int tokens = Math.Min(length ?? UsualLength, model.Config.ContextLength);
        var shape = new RolloutShape(batch, tokens, Math.Min(UsualPrompt, tokens))
        {
            IsCpu = RolloutEngines.TakesCpu(run.Policy, model.Config),
            IsHalf = run.Policy.Weights == "bf16",
            CacheTokens = run.Policy.CacheTokens,
            IsInt8 = run.Policy.Quantization == "int8",
            Adapters = run.Training.Lora.IsOn() ? AdapterConfig.Of(run.Training.Lora) : null,
        };
        return new ModelInspection(
            folder, model, batch, tokens, shape.IsCpu ? "cpu" : "torch", run.Training.Lora.Rank, RolloutMemory.Of(model.Config, shape), TrainingMemory.Of(model.Config, run.Training, tokens, run.Policy.Weights == "bf16"));
    }
}
