using System.CommandLine;
using Etr.Core.Presets;
using Etr.Policy.Runtime;
using Etr.Silo.Conformance;

namespace Etr.Silo.Cli;

/// <summary><c>etr conformance KIND FILE</c>: the product's own functions against a file of known answers.</summary>
internal sealed class ConformanceCommand : IEtrCommand
{
    private static readonly string[] Kinds = ["trend", "advantages", "logits", "grade", "extract", "tokenize"];

    private readonly Argument<string> _kind = new("KIND") { Description = "What is checked: trend, advantages, logits, grade, extract or tokenize." };
    private readonly Argument<string> _file = new("FILE") { Description = "The file of known answers." };
    private readonly Option<string?> _model = new("--model") { Description = "For logits a directory with config.json and model.safetensors, for tokenize one with tokenizer.json; the file's own directory where not given.", HelpName = "DIR" };
    private readonly Option<string?> _preset = new("--preset") { Description = "For trend: only this preset (guarded, paper or reference); all of them where not given.", HelpName = "NAME" };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr conformance trend trend_reward_vectors.json --preset guarded",
        "etr conformance advantages grpo_numerics.json",
        "etr conformance logits reference_logits.json --model models/arithmetic",
        "etr conformance extract graded_solutions.jsonl",
        "etr conformance tokenize texts.jsonl --model /models/qwen3",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("conformance", "Check known answers with the product's own functions; a line for each failure, then 'N passed, N failed'.")
        {
            _kind, _file, _model, _preset,
        };
        _kind.AcceptOnlyFromAmong(Kinds);
        _preset.AcceptOnlyFromAmong([.. EtrPreset.All.Select(preset => preset.Name)]);
        command.SetAction(parsed => Run(parsed, context.Terminal));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal)
    {
        string file = parsed.GetRequiredValue(_file);
        var report = new ConformanceReport(terminal.Output);
        switch (parsed.GetRequiredValue(_kind))
        {
            case "trend":
                TrendConformance.Run(file, parsed.GetValue(_preset) is { } preset ? [EtrPreset.Find(preset)] : EtrPreset.All, report);
                break;
            case "advantages":
                TorchRuntime.Start();
                AdvantageConformance.Run(file, report);
                break;
            case "logits":
                TorchRuntime.Start();
                LogitsConformance.Run(file, Model(parsed, file), report);
                break;
            case "tokenize":
                TokenizeConformance.Run(file, Model(parsed, file), report);
                break;
            case "grade":
                GradeConformance.RunPairs(file, report);
                break;
            default:
                GradeConformance.RunSolutions(file, report);
                break;
        }

        report.Close();
        return report.Failed == 0 ? ExitCodes.Done : ExitCodes.Failed;
    }

    private string Model(ParseResult parsed, string file) => parsed.GetValue(_model) ?? Path.GetDirectoryName(Path.GetFullPath(file))!;
}
