namespace Etr.Silo.Configuration;

/// <summary>Settings that cannot be used: every problem at once, a sentence each.</summary>
internal sealed class ConfigurationException(IReadOnlyList<string> problems) : Exception(string.Join(Environment.NewLine, problems))
{
    /// <summary>What is wrong.</summary>
    public IReadOnlyList<string> Problems { get; } = problems;
}
