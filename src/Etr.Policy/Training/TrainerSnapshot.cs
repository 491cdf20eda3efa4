using TorchSharp;

namespace Etr.Policy.Training;

/// <summary>Weights and optimiser as they were before a step of several updates, so that a step is taken whole or not at all.</summary>
internal sealed class TrainerSnapshot : IDisposable
{
    private readonly List<(torch.Tensor Target, torch.Tensor Copy)> _copies = [];
    private readonly AdamW _optimiser;
    private readonly long _updates;

    public TrainerSnapshot(IEnumerable<torch.Tensor> weights, AdamW optimiser)
    {
        _optimiser = optimiser;
        _updates = optimiser.Updates;
        using IDisposable noGradient = torch.no_grad();
        foreach (torch.Tensor target in weights.Concat(optimiser.FirstMoments).Concat(optimiser.SecondMoments))
            _copies.Add((target, target.detach().clone().DetachFromDisposeScope()));
    }

    /// <summary>Puts every bit back.</summary>
    public void Restore()
    {
        using IDisposable noGradient = torch.no_grad();
        foreach ((torch.Tensor target, torch.Tensor copy) in _copies)
            target.copy_(copy);
        _optimiser.Updates = _updates;
    }

    public void Dispose()
    {
        foreach ((_, torch.Tensor copy) in _copies)
            copy.Dispose();
    }
}
