using Etr.Policy.Adapters;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using TorchSharp;
using static TorchSharp.torch.nn;

namespace Etr.Policy.Training.Passes;

/// <summary>
/// A layer's adapters as training sees them: what they add to each of the layer's joined products, differentiable in A and B. Rows of q's
/// and k's B are put into rotary pairs on the way, as the joined matrix has them.
/// </summary>
internal sealed class LayerAdapter(AdapterWeights adapters, int layer, double dropout)
{
    private static readonly string[] Attention = ["q_proj", "k_proj", "v_proj"];
    private static readonly string[] Gates = ["gate_proj", "up_proj"];

    /// <summary>The same for another thread.</summary>
    /// <param name="others">That thread's adapters, of the same memory.</param>
    public LayerAdapter Beside(AdapterWeights others) => new(others, layer, dropout);

    /// <summary>Of q, k and v.</summary>
    /// <param name="input">The normalised stream, the norm's weights in it, [tokens, hidden].</param>
    /// <param name="use">How the pass uses adapters.</param>
    /// <returns>[tokens, (heads + 2 · kv heads) · size]; null where nothing is added.</returns>
    public torch.Tensor? Joined(torch.Tensor input, AdapterUse use) => Together(Attention, input, use);

    /// <summary>Of gate and up: [tokens, 2 · intermediate]; null where nothing is added.</summary>
    public torch.Tensor? GateUp(torch.Tensor input, AdapterUse use) => Together(Gates, input, use);

    /// <summary>Of the attention's output: [tokens, hidden]; null where nothing is added.</summary>
    public torch.Tensor? Output(torch.Tensor input, AdapterUse use) => Together(["o_proj"], input, use);

    /// <summary>Of what follows gate and up: [tokens, hidden]; null where nothing is added.</summary>
    public torch.Tensor? Down(torch.Tensor input, AdapterUse use) => Together(["down_proj"], input, use);

    private torch.Tensor? Together(string[] targets, torch.Tensor input, AdapterUse use)
    {
        if (!use.On || !targets.Any(adapters.Config.Targets.Contains))
            return null;
        using DisposeScope scope = torch.NewDisposeScope();
        return torch.cat([.. targets.Select(target => Of(target, input, use))], -1).MoveToOuterDisposeScope();
    }

    private torch.Tensor Of(string target, torch.Tensor input, AdapterUse use)
    {
        if (!adapters.Config.Targets.Contains(target))
            return torch.zeros([input.shape[0], AdapterShapes.SizeOf(adapters.Model, target).Rows], dtype: input.dtype, device: input.device);
        torch.Tensor b = adapters.B(layer, target);
        b = target switch
        {
            "q_proj" => RotaryPairs.Of(b, adapters.Model.Heads),
            "k_proj" => RotaryPairs.Of(b, adapters.Model.KeyValueHeads),
            _ => b,
        };
        return functional.linear(functional.linear(Dropped(target, input, use), adapters.A(layer, target)), b).Times(adapters.Config.Scale);
    }

    // Each adapter drops inputs of its own, as PEFT does; what is kept is scaled so that the mean stays.
    private torch.Tensor Dropped(string target, torch.Tensor input, AdapterUse use)
    {
        if (dropout <= 0.0 || use.DropoutSeed is not { } seed)
            return input;
        ulong place = (ulong)layer * (ulong)AdapterShapes.Projections.Count + (ulong)adapters.Config.Targets.Index().First(known => known.Item == target).Index;
        using var generator = new torch.Generator(SplitMix(seed + place), torch.CPU);
        using torch.Tensor drawn = torch.rand(input.shape, dtype: torch.float32, generator: generator);
        torch.Tensor kept = drawn.IsAtLeast(dropout).to(input.dtype, input.device).Times(1.0 / (1.0 - dropout));
        return input.mul(kept);
    }

    // Spreads neighbouring numbers over all bits (Steele, Lea and Flood's splitmix64).
    private static ulong SplitMix(ulong value)
    {
        value += 0x9E3779B97F4A7C15;
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
