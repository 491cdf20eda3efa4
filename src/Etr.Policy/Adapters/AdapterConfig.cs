using System.Text.Json;
using Etr.Core.Training;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;

namespace Etr.Policy.Adapters;

/// <summary>The shape of a set of adapters, as PEFT's <c>adapter_config.json</c> gives it.</summary>
/// <param name="Rank">r, at least 1.</param>
/// <param name="Alpha">α.</param>
/// <param name="Targets">Names of the linear layers that have adapters, such as <c>q_proj</c>, each once.</param>
public sealed record AdapterConfig(int Rank, double Alpha, IReadOnlyList<string> Targets)
{
    private const int Longest = 1_000_000;

    /// <summary>By what B·A is multiplied: α/r.</summary>
    public double Scale => Alpha / Rank;

    /// <summary>The adapters that options ask for.</summary>
    public static AdapterConfig Of(LoraOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new AdapterConfig(options.Rank, options.ResolvedAlpha(), options.TargetNames());
    }

    /// <summary>Reads an <c>adapter_config.json</c>.</summary>
    /// <exception cref="CheckpointException">The file is missing or no JSON, or asks for what is not done here.</exception>
    public static AdapterConfig Read(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
            if (stream.Length > Longest)
                throw new CheckpointException(path, null, $"at most {Longest} bytes", $"{stream.Length}");
            using JsonDocument document = JsonDocument.Parse(stream);
            return FromFields(new ConfigFields(path, document.RootElement));
        }
        catch (JsonException e)
        {
            throw new CheckpointException(path, null, "valid JSON", e.Message, e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, null, "a readable adapter configuration", e is FileNotFoundException or DirectoryNotFoundException ? "no such file" : e.Message, e);
        }
    }

    private static AdapterConfig FromFields(ConfigFields fields)
    {
        fields.Require("peft_type", "LORA");
        fields.Require("bias", "none", whereAbsent: "none");
        foreach (string other in (string[])["use_dora", "use_rslora", "fan_in_fan_out", "modules_to_save", "layers_to_transform", "trainable_token_indices"])
            fields.RequireAbsentOrFalse(other);
        foreach (string pattern in (string[])["rank_pattern", "alpha_pattern"])
        {
            if (fields.Section(pattern) is { IsEmpty: false })
                throw fields.Wrong(pattern, "none: one rank and one alpha for all", "some");
        }

        int rank = fields.Integer("r", 1, 1024);
        return new AdapterConfig(rank, fields.Real("lora_alpha", 1e-6, 65_536, 8), ReadTargets(fields));
    }

    private static IReadOnlyList<string> ReadTargets(ConfigFields fields)
    {
        IReadOnlyList<string> all = AdapterShapes.Projections;
        if (fields.IsText("target_modules"))
            return fields.Text("target_modules") == LoraOptions.AllLinear ? all : throw fields.Wrong("target_modules", $"'{LoraOptions.AllLinear}' or a list of names", "another text");
        IReadOnlyList<string> named = fields.Texts("target_modules");
        if (named.Count == 0 || named.FirstOrDefault(name => !all.Contains(name)) is not null)
            throw fields.Wrong("target_modules", $"some of {string.Join(", ", all)}", named.Count == 0 ? "none" : string.Join(", ", named));
        return [.. all.Where(named.Contains)];
    }
}
