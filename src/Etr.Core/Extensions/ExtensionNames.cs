namespace Etr.Core.Extensions;

/// <summary>How a configuration names a class of the user's own: <c>type:Full.Type.Name</c>.</summary>
public static class ExtensionNames
{
    private const string Prefix = "type:";
    private const int MostCharacters = 512;

    /// <summary>Whether a name is a class's, not one of the program's.</summary>
    /// <param name="name">The name.</param>
    /// <param name="typeName">The class's full name.</param>
    public static bool TryParse(string name, out string typeName)
    {
        ArgumentNullException.ThrowIfNull(name);
        typeName = name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : "";
        return typeName.Length is > 0 and <= MostCharacters && typeName.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '+');
    }
}
