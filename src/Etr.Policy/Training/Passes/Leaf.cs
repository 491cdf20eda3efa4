using TorchSharp;

namespace Etr.Policy.Training.Passes;

/// <summary>A leaf of the graph with a gradient allocated once, into which backward passes add.</summary>
internal sealed class Leaf : IDisposable
{
    private Leaf(torch.Tensor value)
    {
        Value = value;
        Gradient = torch.zeros_like(value, requires_grad: false).DetachFromDisposeScope();
    }

    /// <summary>The leaf.</summary>
    public torch.Tensor Value { get; }

    /// <summary>Its gradient.</summary>
    public torch.Tensor Gradient { get; }

    /// <summary>Zeroes of a shape, of the type and on the device of <paramref name="other"/>.</summary>
    public static Leaf Like(torch.Tensor other, long[] shape) =>
        new(torch.zeros(shape, dtype: other.dtype, device: other.device).DetachFromDisposeScope());

    /// <summary>From now on it gathers gradients.</summary>
    public void RequireGradient()
    {
        Value.requires_grad_(true);
        Value.grad = Gradient;
    }

    public void Dispose()
    {
        Value.Dispose();
        Gradient.Dispose();
    }
}
