using TorchSharp;

namespace Etr.Policy.Checkpoints;

/// <summary>The element types of safetensors that tensors here can have.</summary>
internal static class ElementTypes
{
    private static readonly (string Name, torch.ScalarType Type, int Size)[] Known =
    [
        ("F64", torch.ScalarType.Float64, 8), ("F32", torch.ScalarType.Float32, 4), ("F16", torch.ScalarType.Float16, 2),
        ("BF16", torch.ScalarType.BFloat16, 2), ("I64", torch.ScalarType.Int64, 8), ("I32", torch.ScalarType.Int32, 4),
        ("I16", torch.ScalarType.Int16, 2), ("I8", torch.ScalarType.Int8, 1), ("U8", torch.ScalarType.Byte, 1),
        ("BOOL", torch.ScalarType.Bool, 1),
    ];

    public static string Names { get; } = string.Join(", ", Known.Select(known => known.Name));

    public static bool TryParse(string? name, out torch.ScalarType type)
    {
        foreach ((string known, torch.ScalarType knownType, _) in Known)
        {
            if (known == name)
            {
                type = knownType;
                return true;
            }
        }

        type = default;
        return false;
    }

    public static string NameOf(torch.ScalarType type) =>
        Array.Find(Known, known => known.Type == type).Name ?? throw new ArgumentException($"safetensors has no type for {type}", nameof(type));

    public static int SizeOf(torch.ScalarType type) => Array.Find(Known, known => known.Type == type).Size;
}
