using Etr.Grains.Tracing;
using OpenTelemetry.Trace;

namespace Etr.Silo.Telemetry;

/// <summary>
/// Decides at a group's or step's first span whether it is traced, and with it everything below. What begins elsewhere, such as a
/// heartbeat, belongs to neither and is not.
/// </summary>
internal sealed class GroupSampler : Sampler
{
    private static readonly SamplingResult Drop = new(SamplingDecision.Drop);
    private readonly TraceIdRatioBasedSampler _ratio;
    private readonly ParentBasedSampler _below;

    /// <param name="share">Share of groups and steps (0 to 1).</param>
    public GroupSampler(double share)
    {
        _ratio = new TraceIdRatioBasedSampler(share);
        _below = new ParentBasedSampler(_ratio);
    }

    /// <inheritdoc/>
    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        if (samplingParameters.ParentContext.TraceId != default)
            return _below.ShouldSample(samplingParameters);
        return EtrTracing.Roots.Contains(samplingParameters.Name) ? _ratio.ShouldSample(samplingParameters) : Drop;
    }
}
