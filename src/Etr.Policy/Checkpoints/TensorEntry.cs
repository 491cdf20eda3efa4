using TorchSharp;

namespace Etr.Policy.Checkpoints;

/// <summary>One tensor as a safetensors header describes it.</summary>
/// <param name="Name">Its name, such as <c>model.norm.weight</c>.</param>
/// <param name="Type">Element type.</param>
/// <param name="Shape">Lengths of its dimensions; empty for a scalar.</param>
/// <param name="Begin">First byte, counted from the end of the header.</param>
/// <param name="Bytes">Length in bytes.</param>
public sealed record TensorEntry(string Name, torch.ScalarType Type, IReadOnlyList<long> Shape, long Begin, long Bytes)
{
    /// <summary>The shape as people read it: <c>[128, 64]</c>.</summary>
    public string ShapeText => $"[{string.Join(", ", Shape)}]";
}
