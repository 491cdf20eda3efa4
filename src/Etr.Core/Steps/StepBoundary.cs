namespace Etr.Core.Steps;

/// <summary>What a token did to the steps of its response.</summary>
public enum StepBoundary
{
    /// <summary>It belongs to the open step, which goes on.</summary>
    None,

    /// <summary>It ended the open step.</summary>
    Ended,

    /// <summary>It ended a run of white space: the tokens since the last boundary join the step before.</summary>
    Joined,
}
