using System.CommandLine;
using System.Globalization;
using Etr.Core.Tasks.Arithmetic;
using Etr.Policy.Pretraining;
using Etr.Policy.Runtime;

namespace Etr.Silo.Cli;

/// <summary><c>etr pretrain</c>: makes the small policy of the built-in task from nothing but the task.</summary>
internal sealed class PretrainCommand : IEtrCommand
{
    private readonly Option<string> _out = new("--out")
    {
        Description = "Directory for config.json, tokenizer.json, model.safetensors and recipe.json.",
        HelpName = "DIR",
        Required = true,
    };

    private readonly Option<long> _seed = new("--seed") { Description = "Seed of weights and demonstrations.", HelpName = "N", DefaultValueFactory = static _ => 1 };
    private readonly Option<string> _styles = new("--styles")
    {
        Description = "Styles to teach, letters of " + ArithmeticStyles.Letters + " (docs/tasks.md). D alone has a shorter recipe of its own.",
        HelpName = "LETTERS",
        DefaultValueFactory = static _ => "ABC",
    };

    private readonly Option<double> _scale = new("--scale")
    {
        Description = "Factor on the recipe's steps, above 0 to 10: 1 is the documented recipe, 0.01 a quick trial.",
        HelpName = "X",
        DefaultValueFactory = static _ => 1,
    };

    private readonly Option<int> _threads = new("--threads") { Description = "Threads of tensor operations; 0 takes one per core.", HelpName = "N", DefaultValueFactory = static _ => 0 };
    private readonly Option<int> _snapshots = new("--snapshot-every") { Description = "Steps between snapshots on the way; 0 writes none.", HelpName = "N", DefaultValueFactory = static _ => 0 };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr pretrain --out models/arithmetic --seed 1       make the shipped policy again",
        "etr pretrain --out models/repair --styles D         make the shipped policy whose re-checks repair",
        "etr pretrain --out /tmp/tiny --scale 0.01           see it work in seconds",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("pretrain", "Make a small policy for the built-in task by supervised training on its demonstrations.")
        {
            _out, _styles, _seed, _scale, _threads, _snapshots,
        };
        _styles.Validators.Add(static result =>
        {
            if (result.Tokens.Count > 0 && !ArithmeticStyles.AreIn(result.Tokens[0].Value))
                result.AddError($"--styles {result.Tokens[0].Value}: expected letters of {ArithmeticStyles.Letters}");
        });
        InRange(_seed, 0, long.MaxValue);
        InRange(_scale, 1e-6, 10);
        InRange(_threads, 0, 1024);
        InRange(_snapshots, 0, 1_000_000);
        command.SetAction((parsed, interrupt) => Task.Run(() => Run(parsed, context.Terminal, interrupt), CancellationToken.None));
        return command;
    }

    private int Run(ParseResult parsed, Terminal terminal, CancellationToken interrupt)
    {
        TorchRuntime.Start("cpu", parsed.GetValue(_threads));
        double scale = parsed.GetValue(_scale);
        int Scaled(int steps) => steps == 0 ? 0 : Math.Max(1, (int)Math.Round(steps * scale));
        var whole = PretrainRecipe.Of(parsed.GetRequiredValue(_styles)) with { Seed = parsed.GetValue(_seed) };
        PretrainRecipe recipe = whole with
        {
            ShortChainSteps = Scaled(whole.ShortChainSteps),
            FullChainSteps = Scaled(whole.FullChainSteps),
            SlipSteps = Scaled(whole.SlipSteps),
            WarmupSteps = Math.Min(whole.WarmupSteps, Scaled(whole.WarmupSteps) + 10),
        };
        string folder = parsed.GetRequiredValue(_out);
        try
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"pretraining {recipe.Steps} steps of style {recipe.Styles}, seed {recipe.Seed}, into {folder}"));
            PretrainProgress last = new Pretrainer(recipe, TimeProvider.System).Run(
                folder, progress => terminal.Line(Line(progress)), parsed.GetValue(_snapshots), interrupt);
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"done in {last.Elapsed.TotalSeconds:0} s: {folder}"));
            return ExitCodes.Done;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandFailure($"{folder} cannot be written ({e.Message.TrimEnd('.')}): choose another directory with --out", inner: e);
        }
    }

    private static string Line(PretrainProgress p) => string.Create(
        CultureInfo.InvariantCulture,
        $"step {p.Step}/{p.Steps}  loss {p.Loss:0.0000}  rate {p.LearningRate:0.0e+0}  {p.TokensPerSecond:0} tokens/s  {p.Elapsed:mm\\:ss}");

    private static void InRange<T>(Option<T> option, T low, T high)
        where T : IComparable<T>
    {
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<T>() is { } value && (value.CompareTo(low) < 0 || value.CompareTo(high) > 0))
                result.AddError($"{option.Name} {value}: expected {low} to {high}");
        });
    }
}
