using Etr.Policy.Checkpoints;

namespace Etr.Policy.Models;

/// <summary>
/// The <c>llama3</c> scaling of rotary frequencies: a wavelength within the context the model was first trained on stays, one that
/// exceeds it is stretched by <see cref="Factor"/>, and between the two it goes over smoothly (transformers, <c>rope_type: llama3</c>).
/// </summary>
/// <param name="Factor">By how much long wavelengths are stretched, at least 1.</param>
/// <param name="LowFrequencyFactor">Wavelengths above <paramref name="OriginalContext"/> divided by this are stretched whole.</param>
/// <param name="HighFrequencyFactor">Wavelengths below <paramref name="OriginalContext"/> divided by this stay; above the low one.</param>
/// <param name="OriginalContext">Positions the model was first trained on.</param>
public sealed record RopeScaling(double Factor, double LowFrequencyFactor, double HighFrequencyFactor, int OriginalContext)
{
    /// <summary>The scaled frequency, radians a position.</summary>
    public double Apply(double frequency)
    {
        double turns = OriginalContext * frequency / (2 * Math.PI);
        if (turns > HighFrequencyFactor)
            return frequency;
        if (turns < LowFrequencyFactor)
            return frequency / Factor;
        double smooth = (turns - LowFrequencyFactor) / (HighFrequencyFactor - LowFrequencyFactor);
        return (1 - smooth) * frequency / Factor + smooth * frequency;
    }

    /// <summary>Base and scaling as a configuration has them, in the older <c>rope_scaling</c> or the newer <c>rope_parameters</c>.</summary>
    /// <exception cref="CheckpointException">A kind of scaling that is not known here, or a field of it out of range.</exception>
    internal static (double Theta, RopeScaling? Scaling) Read(ConfigFields fields)
    {
        const double usual = 10_000;
        (string name, ConfigFields? section) = fields.Section("rope_parameters") is { } newer
            ? ("rope_parameters", newer)
            : ("rope_scaling", fields.Section("rope_scaling"));
        double theta = fields.Real("rope_theta", 1, 1e12, section?.Real("rope_theta", 1, 1e12, usual) ?? usual);
        if (fields.Real("partial_rotary_factor", 0, 1, 1) != 1)
            throw fields.Wrong("partial_rotary_factor", "1: every dimension of a head is turned", "another");
        string type = section?.Text("rope_type") ?? section?.Text("type") ?? "default";
        if (type == "default")
            return (theta, null);
        if (type != "llama3")
            throw fields.Wrong(name, "a rope type 'default' or 'llama3'", $"'{type}'");

        double low = section!.Real("low_freq_factor", 1e-6, 1e6);
        double high = section.Real("high_freq_factor", 1e-6, 1e6);
        return high > low
            ? (theta, new RopeScaling(section.Real("factor", 1, 1e6), low, high, section.Integer("original_max_position_embeddings", 1, 1 << 24)))
            : throw section.Wrong("high_freq_factor", $"more than low_freq_factor ({low})", $"{high}");
    }
}
