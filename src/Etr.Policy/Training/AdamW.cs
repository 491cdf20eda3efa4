using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>
/// AdamW (Loshchilov and Hutter, arXiv 1711.05101, algorithm 2) over a list of tensors, with its moments in the open so that a
/// checkpoint can hold them bit for bit.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private const double Epsilon = 1e-8;

    private readonly IReadOnlyList<torch.Tensor> _parameters;
    private readonly IReadOnlyList<torch.Tensor> _gradients;
    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _weightDecay;

    public AdamW(
        IReadOnlyList<torch.Tensor> parameters, IReadOnlyList<torch.Tensor> gradients, double beta1, double beta2, double weightDecay)
    {
        _gradients = gradients;
        _parameters = parameters;
        _beta1 = beta1;
        _beta2 = beta2;
        _weightDecay = weightDecay;
        FirstMoments = [.. parameters.Select(Zeros)];
        SecondMoments = [.. parameters.Select(Zeros)];
    }

    /// <summary>Updates made so far; the bias corrections count from it.</summary>
    public long Updates { get; set; }

    /// <summary>Running means of the gradients, in the parameters' order.</summary>
    public IReadOnlyList<torch.Tensor> FirstMoments { get; }

    /// <summary>Running means of the squared gradients, in the parameters' order.</summary>
    public IReadOnlyList<torch.Tensor> SecondMoments { get; }

    /// <summary>One update. Each gradient is multiplied by <paramref name="gradientScale"/> first.</summary>
    public void Update(double learningRate, double gradientScale)
    {
        using IDisposable noGradient = torch.no_grad();
        Updates++;
        double correction1 = 1.0 - Math.Pow(_beta1, Updates);
        double correction2 = 1.0 - Math.Pow(_beta2, Updates);
        for (int i = 0; i < _parameters.Count; i++)
        {
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor parameter = _parameters[i];
            torch.Tensor gradient = _gradients[i].Times(gradientScale);
            if (_weightDecay > 0.0)
                parameter.MultiplyInPlace(1.0 - (learningRate * _weightDecay));
            FirstMoments[i].MultiplyInPlace(_beta1).AddInPlace(gradient, 1.0 - _beta1);
            SecondMoments[i].MultiplyInPlace(_beta2).AddProductInPlace(gradient, gradient, 1.0 - _beta2);
            torch.Tensor denominator = SecondMoments[i].sqrt().DivideInPlace(Math.Sqrt(correction2)).AddInPlace(Epsilon);
            parameter.AddQuotientInPlace(FirstMoments[i], denominator, -learningRate / correction1);
        }
    }

    public void Dispose()
    {
        foreach (torch.Tensor moment in FirstMoments.Concat(SecondMoments))
            moment.Dispose();
    }

    // Outside any scope: the moments live as long as the run.
    private static torch.Tensor Zeros(torch.Tensor parameter) => torch.zeros_like(parameter, requires_grad: false).DetachFromDisposeScope();
}
