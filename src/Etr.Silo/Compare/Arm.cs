namespace Etr.Silo.Compare;

/// <summary>One of the things that are compared: a name and the settings that make it.</summary>
/// <param name="Name">Its name, also that of its folder.</param>
/// <param name="Settings">Its settings, laid over those that all arms share.</param>
/// <param name="Named">Whether it was asked for by its own name, not as one of a group: then it must be possible.</param>
internal sealed record Arm(string Name, IReadOnlyList<KeyValuePair<string, string?>> Settings, bool Named = true);
