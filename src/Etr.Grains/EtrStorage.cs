namespace Etr.Grains;

/// <summary>Where grains keep what must outlive them.</summary>
public static class EtrStorage
{
    /// <summary>Name of the grain storage provider that the host registers: one for every grain.</summary>
    public const string Name = "etr";
}
