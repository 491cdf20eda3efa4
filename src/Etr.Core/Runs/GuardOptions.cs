using System.ComponentModel.DataAnnotations;

namespace Etr.Core.Runs;

/// <summary>
/// <c>Etr:Guards</c>: what a run does when its reward begins to pay for what nobody wants. Each guard looks at the mean of the last
/// <see cref="Window"/> steps, and acts once. Actions: <c>none</c>, <c>warn</c> (told, shown, counted), <c>trend-off</c> (warn, and groups
/// opened from then on are paid for correctness alone), <c>stop</c> (warn, and the run pauses until someone resumes it).
/// </summary>
public sealed record GuardOptions
{
    /// <summary>What to do when r(R, length) among right traces turns positive: the reward pays for longer chains. The default value is <c>warn</c>.</summary>
    [AllowedValues("none", "warn", "trend-off", "stop")]
    public string Lengthening { get; init; } = "warn";

    /// <summary>
    /// What to do when H_1, the entropy of the first step, is higher than at the start by <see cref="OpeningRise"/>: the policy has
    /// learnt to open with uncertainty so that it can fall. The default value is <c>warn</c>.
    /// </summary>
    [AllowedValues("none", "warn", "trend-off", "stop")]
    public string Opening { get; init; } = "warn";

    /// <summary>The share by which H_1 may rise over the first step's. The default value is 0.5: by half.</summary>
    [Range(0.0, 100.0)]
    public double OpeningRise { get; init; } = 0.5;

    /// <summary>A rise of H_1 by less than this (nats) is never one, however low it was. The default value is 0.1.</summary>
    [Range(0.0, 100.0)]
    public double OpeningFloor { get; init; } = 0.1;

    /// <summary>
    /// A group whose right traces, two or more, differ in R by a standard deviation (nats) below this is paid for correctness alone: so
    /// small a difference is taken for noise. It acts on every group by itself. 0 pays every group. The default value is 0.
    /// </summary>
    [Range(0.0, 100.0)]
    public double MinimumSpread { get; init; }

    /// <summary>Steps whose mean is looked at. The default value is 5.</summary>
    [Range(1, 1000)]
    public int Window { get; init; } = 5;
}
