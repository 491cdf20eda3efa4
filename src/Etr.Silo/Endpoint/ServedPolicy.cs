using System.Globalization;
using Etr.Core.Rollouts;
using Etr.Core.Runs;

namespace Etr.Silo.Endpoint;

/// <summary>A policy version that can be drawn with here.</summary>
/// <param name="Run">Its run.</param>
/// <param name="Policy">Version, file and hash.</param>
/// <param name="Folder">Its folder on this machine.</param>
/// <param name="Options">How the run draws.</param>
internal sealed record ServedPolicy(string Run, PolicyRef Policy, string Folder, PolicyOptions Options)
{
    /// <summary>What clients call it.</summary>
    public string Name => NameOf(Run, Policy.Version);

    /// <summary>What clients call a version of a run.</summary>
    public static string NameOf(string run, long version) => string.Create(CultureInfo.InvariantCulture, $"{run}@{version}");
}

/// <summary>A policy version by name and hash, wherever its files are.</summary>
internal sealed record PolicyName(string Run, long Version, string Sha256);
