namespace Etr.Grains.Runs;

/// <summary>What follows from how far rollouts may lag behind training.</summary>
internal static class RunShape
{
    /// <summary>Versions a group may be behind the step it is trained in: none, rollouts and training take turns.</summary>
    public const int StalenessBound = 0;
}
