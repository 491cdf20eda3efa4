namespace Etr.Silo.Doctor;

/// <summary>What one look at the machine found.</summary>
/// <param name="Name">What was looked at.</param>
/// <param name="Well">Whether it will do.</param>
/// <param name="Detail">What was found; where it won't do, the way out.</param>
internal sealed record Finding(string Name, bool Well, string Detail);
