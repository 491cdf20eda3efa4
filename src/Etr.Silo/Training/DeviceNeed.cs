namespace Etr.Silo.Training;

/// <summary>What a run takes of one device.</summary>
/// <param name="Device">The device.</param>
/// <param name="Samplers">Samplers on it.</param>
/// <param name="Trains">Whether the learner is on it.</param>
/// <param name="Bytes">What it takes, the program counted.</param>
/// <param name="Available">Bytes there are; null where nobody knows.</param>
internal sealed record DeviceNeed(string Device, int Samplers, bool Trains, long Bytes, long? Available)
{
    /// <summary>Whether it fits, as far as anybody knows.</summary>
    public bool Fits => Available is not { } there || Bytes <= there;
}
