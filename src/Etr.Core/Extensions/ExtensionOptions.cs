using Etr.Core.Runs;

namespace Etr.Core.Extensions;

/// <summary>How long a class of the user's own may take, and how often it may fail to answer.</summary>
/// <param name="Deadline">The longest that one call may take.</param>
/// <param name="MostAbandoned">Calls that may be given up before it is not called any more; 0 or more.</param>
internal sealed record ExtensionOptions(TimeSpan Deadline, int MostAbandoned)
{
    /// <summary>A run's.</summary>
    public static ExtensionOptions Of(RunOptions run) => new(TimeSpan.FromSeconds(run.ExtensionDeadline), run.ExtensionAbandoned);
}
