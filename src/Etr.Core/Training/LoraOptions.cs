using System.ComponentModel.DataAnnotations;

namespace Etr.Core.Training;

/// <summary>
/// <c>Etr:Training:Lora</c>: low-rank adapters in place of the whole weights (LoRA, arXiv 2106.09685). A target's weight becomes
/// W + α/r·B·A with A [r, in] and B [out, r]; W stands still, and is the reference policy.
/// </summary>
public sealed record LoraOptions
{
    /// <summary>What <see cref="Targets"/> says for every linear layer but the head.</summary>
    public const string AllLinear = "all-linear";

    /// <summary>r, the adapters' rank; 0 trains the whole weights. The default value is 0.</summary>
    [Range(0, 1024)]
    public int Rank { get; init; }

    /// <summary>α; the adapters are scaled by α/r. 0 takes 2·r. The default value is 0.</summary>
    [Range(0.0, 65_536.0)]
    public double Alpha { get; init; }

    /// <summary>Share of an adapter's inputs that are dropped in the update, never in sampling (0 to 0.9). The default value is 0.</summary>
    [Range(0.0, 0.9)]
    public double Dropout { get; init; }

    /// <summary>
    /// Linear layers that have adapters: <c>all-linear</c>, or some of <c>q_proj</c>, <c>k_proj</c>, <c>v_proj</c>, <c>o_proj</c>,
    /// <c>gate_proj</c>, <c>up_proj</c>, <c>down_proj</c>, with commas. The default value is <c>all-linear</c>.
    /// </summary>
    [RegularExpression("^(all-linear|(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)( *, *(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)){0,6})$")]
    public string Targets { get; init; } = AllLinear;

    /// <summary>Whether there are adapters.</summary>
    public bool IsOn() => Rank > 0;

    /// <summary>α as it is meant: 2·r where none is named.</summary>
    public double ResolvedAlpha() => Alpha > 0.0 ? Alpha : 2.0 * Rank;

    /// <summary>The targets' names, each once, in the order of a layer.</summary>
    public IReadOnlyList<string> TargetNames()
    {
        string[] all = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];
        if (Targets == AllLinear)
            return all;
        string[] named = Targets.Split(',', StringSplitOptions.TrimEntries);
        return [.. all.Where(named.Contains)];
    }
}
