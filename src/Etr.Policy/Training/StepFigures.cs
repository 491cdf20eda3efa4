using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>What a step's tokens add up to. Stays on the device until <see cref="Read"/>, so that no micro-batch waits for the host.</summary>
internal sealed class StepFigures
{
    private const int Sums = 7;

    private readonly torch.Tensor _sums;
    private readonly torch.Tensor _maximum;
    private long _tokens;

    /// <summary>Zeroes, in the caller's dispose scope.</summary>
    public StepFigures(torch.Device device)
    {
        _sums = torch.zeros(Sums, dtype: torch.ScalarType.Float64, device: device);
        _maximum = torch.zeros(1, dtype: torch.ScalarType.Float64, device: device);
    }

    /// <summary>Adds a micro-batch. All but the loss are one value a token; none carries a gradient.</summary>
    public void Add(
        torch.Tensor loss, torch.Tensor? kl, torch.Tensor entropy, torch.Tensor ratios,
        torch.Tensor clippedLow, torch.Tensor clippedHigh, torch.Tensor gap)
    {
        _sums.add_(torch.stack(
        [
            Total(loss), kl is null ? torch.zeros_like(Total(loss)) : Total(kl), Total(entropy), Total(ratios),
            Total(clippedLow), Total(clippedHigh), Total(gap),
        ]));
        _maximum.copy_(torch.maximum(_maximum, gap.max().to(torch.ScalarType.Float64).view(1)));
        _tokens += gap.numel();
    }

    /// <summary>Waits for the device and reads the step's totals as means.</summary>
    public StepSummary Read()
    {
        double[] sums = _sums.cpu().data<double>().ToArray();
        double tokens = Math.Max(1, _tokens);
        return new StepSummary(
            sums[0], sums[1] / tokens, sums[2] / tokens, _tokens == 0 ? 1.0 : sums[3] / tokens,
            sums[4] / tokens, sums[5] / tokens, sums[6] / tokens, _maximum.cpu().item<double>());
    }

    private static torch.Tensor Total(torch.Tensor values) => values.sum(torch.ScalarType.Float64);
}

/// <summary>A step's figures; names and units as in <see cref="Etr.Core.Training.TrainingStep"/>.</summary>
internal readonly record struct StepSummary(
    double Loss, double Kl, double Entropy, double Ratio, double ClippedLow, double ClippedHigh, double Gap, double GapMaximum);
