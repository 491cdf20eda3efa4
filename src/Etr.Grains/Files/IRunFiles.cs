namespace Etr.Grains.Files;

/// <summary>
/// The files of runs, wherever they lie: in the run's directory where this silo sees it, else with another silo. Everything
/// is checked against its SHA-256 before it is used, so any source will do.
/// </summary>
public interface IRunFiles
{
    /// <summary>Keeps a sealed group's body where other silos find it: on disk when this returns.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    Task WriteGroupAsync(RunPlace run, string sha256, ReadOnlyMemory<byte> content, CancellationToken cancellationToken);

    /// <summary>Reads a sealed group's body; a silo that sees the run's directory keeps a copy there, for audits.</summary>
    /// <exception cref="IOException">Nobody has it.</exception>
    /// <exception cref="InvalidDataException">What was found is not what was promised.</exception>
    Task<byte[]> ReadGroupAsync(RunPlace run, string sha256, CancellationToken cancellationToken);

    /// <summary>Reads the sampler–learner gaps of a committed step (<see cref="Etr.Core.Gaps.StepGapsCodec"/>).</summary>
    /// <exception cref="IOException">Nobody has them.</exception>
    /// <exception cref="InvalidDataException">What was found is not what was promised.</exception>
    Task<byte[]> ReadGapsAsync(RunPlace run, string sha256, CancellationToken cancellationToken);

    /// <summary>Lets go of a body that this silo kept for others; the run's directory keeps its own.</summary>
    void ForgetGroup(RunPlace run, string sha256);

    /// <summary>
    /// A folder with <c>config.json</c>, <c>tokenizer.json</c> and <c>model.safetensors</c> of a policy version: the run's own, or
    /// one that was fetched, as far as its tensors were not here already.
    /// </summary>
    /// <exception cref="IOException">Nobody has it.</exception>
    /// <exception cref="InvalidDataException">What was found is not what was promised.</exception>
    Task<string> OpenPolicyAsync(RunPlace run, long version, string sha256, CancellationToken cancellationToken);

    /// <summary>
    /// A path at which this silo reads one of the run's data files, which is named by its hash: the run's own, or one that was
    /// fetched.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="path">The file as the run's configuration names it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="IOException">Nobody has it.</exception>
    /// <exception cref="InvalidDataException">What was found is not what was promised.</exception>
    Task<string> OpenDataAsync(RunPlace run, string path, CancellationToken cancellationToken);

    /// <summary>A fetched version did not load: it is checked again, and fetched anew where its content is wrong.</summary>
    Task RefusePolicyAsync(string sha256);
}

/// <summary>A run and its directory.</summary>
/// <param name="Run">The run's name.</param>
/// <param name="Directory">The directory's path on the silos that see it.</param>
[GenerateSerializer, Immutable, Alias("etr.run-place")]
public sealed record RunPlace([property: Id(0)] string Run, [property: Id(1)] string Directory)
{
    /// <summary>Where bodies of sealed groups are.</summary>
    public string Groups => Path.Combine(Directory, "groups");

    /// <summary>The file of one.</summary>
    public string GroupFile(string sha256) => Path.Combine(Groups, sha256 + ".bin");

    /// <summary>Where the sampler–learner gaps of steps are.</summary>
    public string Gaps => Path.Combine(Directory, "gaps");

    /// <summary>The file of one step's.</summary>
    public string GapsFile(string sha256) => Path.Combine(Gaps, sha256 + ".bin");

    /// <summary>Where its data files are, each named by its hash.</summary>
    public string Data => Path.Combine(Directory, "data");

    /// <summary>Where policy versions are.</summary>
    public string Policies => Path.Combine(Directory, "policy");

    /// <summary>The folder of one.</summary>
    public string PolicyFolder(long version) => Path.Combine(Policies, version.ToString(System.Globalization.CultureInfo.InvariantCulture));
}
