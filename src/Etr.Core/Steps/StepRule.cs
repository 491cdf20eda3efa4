namespace Etr.Core.Steps;

/// <summary>How a response is cut into steps.</summary>
public enum StepRule
{
    /// <summary>By the sampled text: see <see cref="StepSegmenter"/>. The whole response counts.</summary>
    SampledText,

    /// <summary>By the arg-max token of each position: see <see cref="ReferenceSteps"/>. The tail is dropped.</summary>
    ArgMaxToken,
}
