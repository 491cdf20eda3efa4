using System.Globalization;

namespace Etr.Silo.Engines;

/// <summary>A device of this process as <c>--devices</c> names it.</summary>
/// <param name="Name">As it was written; the sampler's name ends in it.</param>
/// <param name="Device">What tensors are put on: <c>cpu</c> or <c>cuda:N</c>.</param>
/// <param name="Threads">Threads of an operation on the CPU; 0 takes the configured number.</param>
internal sealed record DeviceSpec(string Name, string Device, int Threads)
{
    /// <summary>Reads <c>cpu</c>, <c>cpu:N</c> or <c>cuda:N</c>, which the settings have checked.</summary>
    public static DeviceSpec Parse(string text) =>
        text.StartsWith("cpu:", StringComparison.Ordinal)
            ? new DeviceSpec(text, "cpu", int.Parse(text.AsSpan(4), CultureInfo.InvariantCulture))
            : new DeviceSpec(text, text, 0);
}
