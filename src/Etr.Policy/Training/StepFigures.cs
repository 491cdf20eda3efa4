using Etr.Policy.Runtime;
using Etr.Policy.Training.Corrections;
using Etr.Policy.Training.Losses;
using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>What a step's tokens add up to. Stays on the device until it is read, so that no micro-batch waits for the host.</summary>
internal sealed class StepFigures
{
    private const int Sums = 10;

    private readonly torch.Tensor _sums;
    private readonly torch.Tensor _maximum;
    private long _tokens;
    private long _traces;
    private long _compared;

    /// <summary>Zeroes, in the caller's dispose scope.</summary>
    public StepFigures(torch.Device device)
    {
        _sums = torch.zeros(Sums, dtype: torch.ScalarType.Float64, device: device);
        _maximum = torch.zeros(1, dtype: torch.ScalarType.Float64, device: device);
    }

    /// <summary>Adds a micro-batch; no gradient flows into its figures.</summary>
    public void Add(MicroBatchFigures figures)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        using IDisposable noGradient = torch.no_grad();
        torch.Tensor none = torch.zeros_like(_maximum).squeeze();
        CorrectionWeights? correction = figures.Correction;
        _sums.AddInPlace(torch.stack(
        [
            Total(figures.Loss),
            figures.Kl is null ? none : Total(figures.Kl),
            Total(figures.Entropy),
            Total(figures.Ratios),
            Total(figures.Tokens.ClippedLow),
            Total(figures.Tokens.ClippedHigh),
            figures.Gap is null ? none : Total(figures.Gap),
            correction is null ? none : Total(correction.Cut),
            correction is null ? none : Total(figures.Traces.Sum(correction.Cut.to(figures.Entropy.dtype)).IsAbove(0.0)),
            correction is null ? none : Total(correction.Weights),
        ]));
        long tokens = figures.Entropy.numel();
        _tokens += tokens;
        _traces += figures.Traces.Counts.numel();
        if (figures.Gap is not null)
        {
            _maximum.copy_(torch.maximum(_maximum, figures.Gap.max().to(torch.ScalarType.Float64).view(1)));
            _compared += tokens;
        }
    }

    /// <summary>Adds what another thread counted, and sets that back to nothing.</summary>
    public void Take(StepFigures other)
    {
        using IDisposable noGradient = torch.no_grad();
        _sums.AddInPlace(other._sums);
        _maximum.copy_(torch.maximum(_maximum, other._maximum));
        (_tokens, _traces, _compared) = (_tokens + other._tokens, _traces + other._traces, _compared + other._compared);
        other._sums.zero_();
        other._maximum.zero_();
        (other._tokens, other._traces, other._compared) = (0, 0, 0);
    }

    /// <summary>Waits for the device; whether the losses added so far are finite.</summary>
    public bool IsFinite() => double.IsFinite(_sums[0].cpu().item<double>());

    /// <summary>Waits for the device and reads the step's totals as means.</summary>
    /// <param name="updates">Updates whose losses were added, at least 1.</param>
    /// <param name="corrected">Whether a correction was made.</param>
    public StepSummary Read(int updates, bool corrected)
    {
        double[] sums = _sums.cpu().data<double>().ToArray();
        double tokens = Math.Max(1, _tokens);
        double compared = Math.Max(1, _compared);
        return new StepSummary(
            sums[0] / updates, sums[1] / tokens, sums[2] / tokens, _tokens == 0 ? 1.0 : sums[3] / tokens,
            sums[4] / tokens, sums[5] / tokens, sums[6] / compared, _maximum.cpu().item<double>(),
            sums[7] / tokens, sums[8] / Math.Max(1, _traces), corrected && _tokens > 0 ? sums[9] / tokens : 1.0, _tokens);
    }

    private static torch.Tensor Total(torch.Tensor values) => values.sum(torch.ScalarType.Float64);
}

/// <summary>A micro-batch's figures: the loss a scalar, the others a value a token.</summary>
/// <param name="Loss">Its share of the update's loss.</param>
/// <param name="Tokens">What the policy loss says of each token.</param>
/// <param name="Kl">KL estimates; null without a reference.</param>
/// <param name="Entropy">Entropies.</param>
/// <param name="Ratios">Importance ratios.</param>
/// <param name="Gap">|learner − sampler|; null where the learner has moved since the step began.</param>
/// <param name="Correction">The correction; null where none is made.</param>
/// <param name="Traces">Which trace each token is of.</param>
internal readonly record struct MicroBatchFigures(
    torch.Tensor Loss,
    TokenLosses Tokens,
    torch.Tensor? Kl,
    torch.Tensor Entropy,
    torch.Tensor Ratios,
    torch.Tensor? Gap,
    CorrectionWeights? Correction,
    TraceRows Traces);

/// <summary>A step's figures; names and units as in <see cref="Etr.Core.Training.TrainingStep"/>.</summary>
internal readonly record struct StepSummary(
    double Loss, double Kl, double Entropy, double Ratio, double ClippedLow, double ClippedHigh, double Gap, double GapMaximum,
    double CorrectedTokens, double CorrectedTraces, double CorrectionWeight, long Tokens);
