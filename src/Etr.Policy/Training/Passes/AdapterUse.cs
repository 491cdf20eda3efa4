namespace Etr.Policy.Training.Passes;

/// <summary>How a pass uses a model's adapters.</summary>
/// <param name="On">Whether they count at all: without them the model is the reference policy.</param>
/// <param name="DropoutSeed">What the pass's dropout is drawn from, the same on the way back as on the way there; null where nothing is dropped.</param>
internal readonly record struct AdapterUse(bool On, ulong? DropoutSeed)
{
    /// <summary>With adapters, nothing dropped: what sampling does.</summary>
    public static AdapterUse Whole => new(true, null);

    /// <summary>The model alone.</summary>
    public static AdapterUse Off => new(false, null);
}
