using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>The parameters' gradients, allocated once: backward passes add into them, so micro-batches sum up in place.</summary>
internal sealed class Gradients : IDisposable
{
    public Gradients(IReadOnlyList<torch.Tensor> parameters)
    {
        Tensors = [.. parameters.Select(parameter => torch.zeros_like(parameter, requires_grad: false).DetachFromDisposeScope())];
        for (int i = 0; i < parameters.Count; i++)
            parameters[i].grad = Tensors[i];
    }

    /// <summary>The gradients, in the parameters' order.</summary>
    public IReadOnlyList<torch.Tensor> Tensors { get; }

    /// <summary>Back to zero, before a step.</summary>
    public void Clear()
    {
        foreach (torch.Tensor gradient in Tensors)
            gradient.zero_();
    }

    /// <summary>Adds another's.</summary>
    public void Add(Gradients other)
    {
        using IDisposable noGradient = torch.no_grad();
        for (int i = 0; i < Tensors.Count; i++)
            Tensors[i].AddInPlace(other.Tensors[i]);
    }

    /// <summary>The Euclidean norm over all of them, added up in double precision.</summary>
    public double Norm()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        return torch.stack(Tensors.Select(SquaredNorm)).sum().sqrt().cpu().item<double>();
    }

    public void Dispose()
    {
        foreach (torch.Tensor gradient in Tensors)
            gradient.Dispose();
    }

    // The squares of one tensor are freed before those of the next are made.
    private static torch.Tensor SquaredNorm(torch.Tensor gradient)
    {
        using torch.Tensor squares = gradient.Squared();
        return squares.sum(torch.ScalarType.Float64);
    }
}
