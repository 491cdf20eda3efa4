using Etr.Core.Training;

namespace Etr.Policy.Training;

/// <summary>
/// The entropy bonus's coefficient. With a target it is raised by a fixed rate after a step whose mean token entropy lay below it,
/// lowered after one that lay above, and held between 0 and a maximum (as in arXiv 2505.22312, section 4, with bounds).
/// </summary>
internal sealed class EntropyController(TrainingOptions options)
{
    /// <summary>The coefficient of the next step; part of a checkpoint.</summary>
    public double Coefficient { get; set; } = options.EntropyCoefficient;

    /// <summary>Steers after an applied step.</summary>
    /// <param name="entropy">The step's mean token entropy (nats).</param>
    public void After(double entropy)
    {
        if (options.EntropyTarget is not { } target || !double.IsFinite(entropy) || entropy == target)
            return;
        double rate = entropy < target ? options.EntropyRate : -options.EntropyRate;
        Coefficient = Math.Clamp(Coefficient + rate, 0.0, options.EntropyMaximum);
    }
}
