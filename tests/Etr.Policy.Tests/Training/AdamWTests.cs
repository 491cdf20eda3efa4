using Etr.Policy.Training;
using TorchSharp;

namespace Etr.Policy.Tests.Training;

public sealed class AdamWTests
{
    [Fact]
    public void Update_follows_the_published_algorithm()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        double[] start = [0.5, -1.0, 2.0];
        double[][] gradients = [[0.1, -0.2, 0.0], [0.3, 0.1, -4.0], [-0.05, 0.02, 1.0]];
        torch.Tensor parameter = torch.tensor(start, dtype: torch.ScalarType.Float64).requires_grad_();
        using Gradients gathered = new([parameter]);
        using AdamW optimiser = new([parameter], gathered.Tensors, 0.9, 0.99, weightDecay: 0.1);
        foreach (double[] gradient in gradients)
        {
            gathered.Tensors[0].copy_(torch.tensor(gradient, dtype: torch.ScalarType.Float64));
            optimiser.Update(learningRate: 0.01, gradientScale: 0.5);
        }

        double[] expected = [.. start.Select((value, i) => Naive(value, [.. gradients.Select(gradient => 0.5 * gradient[i])]))];
        double[] actual = parameter.data<double>().ToArray();
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-12);
    }

    [Fact]
    public void Norm_of_gradients_is_taken_over_all_tensors()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor a = torch.zeros(2).requires_grad_();
        torch.Tensor b = torch.zeros(1).requires_grad_();
        using Gradients gathered = new([a, b]);
        (a * torch.arange(2, 4)).sum().backward();
        (b * 6.0f).sum().backward();
        Assert.Equal(7.0, gathered.Norm(), 12);
        gathered.Clear();
        Assert.Equal(0.0, gathered.Norm());
    }

    private static double Naive(double parameter, double[] gradients)
    {
        double m = 0.0;
        double v = 0.0;
        for (int t = 1; t <= gradients.Length; t++)
        {
            double g = gradients[t - 1];
            parameter -= 0.01 * 0.1 * parameter;
            m = (0.9 * m) + (0.1 * g);
            v = (0.99 * v) + (0.01 * g * g);
            parameter -= 0.01 * (m / (1 - Math.Pow(0.9, t))) / (Math.Sqrt(v / (1 - Math.Pow(0.99, t))) + 1e-8);
        }

        return parameter;
    }
}
