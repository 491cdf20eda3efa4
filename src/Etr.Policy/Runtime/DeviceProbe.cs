using System.Runtime.InteropServices;
using TorchSharp;

namespace Etr.Policy.Runtime;

/// <summary>Tries what a device must be able to do: products of matrices in each element type.</summary>
public static class DeviceProbe
{
    private const int Size = 96;

    private static readonly (string Name, torch.ScalarType Type, double Most)[] Types =
        [("f32", torch.ScalarType.Float32, 2e-3), ("bf16", torch.ScalarType.BFloat16, 3e-2), ("f16", torch.ScalarType.Float16, 5e-3)];

    /// <summary>Multiplies a matrix on a device in each type and compares with doubles on the CPU.</summary>
    /// <param name="runtime">The device, open.</param>
    public static IReadOnlyList<TypeProbe> Probe(TorchRuntime runtime)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        using DisposeScope scope = torch.NewDisposeScope();
        using var generator = new torch.Generator(1);
        torch.Tensor left = torch.randn([Size, Size], torch.float64, generator: generator);
        torch.Tensor right = torch.randn([Size, Size], torch.float64, generator: generator);
        torch.Tensor exact = left.matmul(right);
        double scale = exact.abs().max().item<double>();
        return [.. Types.Select(type =>
        {
            try
            {
                torch.Tensor product = left.to(type.Type, runtime.Device).matmul(right.to(type.Type, runtime.Device)).cpu().to(torch.float64);
                double error = (product - exact).abs().max().item<double>() / scale;
                return new TypeProbe(type.Name, error, error <= type.Most ? null : $"a product is off by {error:0.0e+0}");
            }
            catch (ExternalException e)
            {
                return new TypeProbe(type.Name, double.NaN, e.Message.Split('\n')[0]);
            }
        })];
    }
}

/// <summary>An element type on a device.</summary>
/// <param name="Name"><c>f32</c>, <c>bf16</c> or <c>f16</c>.</param>
/// <param name="Error">Largest error of a product, relative to its largest element; NaN where there is none.</param>
/// <param name="Problem">Why it will not do; null where it will.</param>
public sealed record TypeProbe(string Name, double Error, string? Problem);
