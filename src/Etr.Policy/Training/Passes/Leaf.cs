using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training.Passes;

/// <summary>A leaf of the graph with a gradient allocated once, into which backward passes add; or a tensor that gathers none.</summary>
internal sealed class Leaf : IDisposable
{
    private readonly torch.Tensor? _gradient;

    private Leaf(torch.Tensor value, bool gathers)
    {
        Value = value;
        _gradient = gathers ? torch.zeros_like(value, requires_grad: false).DetachFromDisposeScope() : null;
    }

    /// <summary>The leaf.</summary>
    public torch.Tensor Value { get; }

    /// <summary>Whether it gathers a gradient.</summary>
    public bool Gathers => _gradient is not null;

    /// <summary>Its gradient.</summary>
    /// <exception cref="InvalidOperationException">It gathers none.</exception>
    public torch.Tensor Gradient => _gradient ?? throw new InvalidOperationException("this tensor gathers no gradient");

    /// <summary>Zeroes of a shape, of the type and on the device of <paramref name="other"/>.</summary>
    public static Leaf Like(torch.Tensor other, long[] shape, bool gathers) =>
        new(torch.zeros(shape, dtype: other.dtype, device: other.device).DetachFromDisposeScope(), gathers);

    /// <summary>The same memory as a leaf of its own, which gathers a gradient of its own if this one does.</summary>
    public Leaf Beside()
    {
        Leaf leaf = new(Value.detach().DetachFromDisposeScope(), Gathers);
        leaf.RequireGradient();
        return leaf;
    }

    /// <summary>From now on backward passes add to its gradient, if it gathers one.</summary>
    public void RequireGradient()
    {
        if (_gradient is null)
            return;
        Value.requires_grad_(true);
        Value.grad = _gradient;
    }

    /// <summary>Adds another's gradient to this one's, if they gather any.</summary>
    public void Add(Leaf other) => _gradient?.AddInPlace(other.Gradient);

    /// <summary>Its gradient back to zero.</summary>
    public void Clear() => _gradient?.zero_();

    public void Dispose()
    {
        Value.Dispose();
        _gradient?.Dispose();
    }
}
