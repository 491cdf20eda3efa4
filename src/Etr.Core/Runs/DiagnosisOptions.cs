using System.ComponentModel.DataAnnotations;

namespace Etr.Core.Runs;

/// <summary>
/// <c>Etr:Diagnosis</c>: what a run finds wrong with itself and says in words (docs/diagnosis.md). It tells and changes nothing: what acts
/// are the guards (<see cref="GuardOptions"/>). A comparison over time is of the mean of the newest <see cref="Window"/> steps with the
/// median of the first <see cref="Window"/> of the newest <see cref="Horizon"/>, as that was when the comparison was first found to hold.
/// </summary>
public sealed record DiagnosisOptions
{
    /// <summary>Whether the rules are looked at. The default value is true.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Steps whose mean is looked at. The default value is 5.</summary>
    [Range(1, 100)]
    public int Window { get; init; } = 5;

    /// <summary>Steps that are looked back over; nothing is compared before there are twice <see cref="Window"/>. The default value is 20.</summary>
    [Range(2, 200)]
    public int Horizon { get; init; } = 20;

    /// <summary>
    /// A finding about now is raised once its rule held in so many looks in a row (every 5 s), and cleared after as many in which it held no
    /// longer. One about steps takes so many evaluations beyond those in which a single step has a say, less one: with
    /// <see cref="Window"/> 5, 6 of them; and a minute of being over. The default value is 2.
    /// </summary>
    [Range(1, 1000)]
    public int Hold { get; init; } = 2;

    /// <summary>
    /// How far back over its limit a figure must go before its finding is cleared: this share of the limit, or so much where the limit is 0.
    /// The default value is 0.1.
    /// </summary>
    [Range(0.0, 0.9)]
    public double Hysteresis { get; init; } = 0.1;

    /// <summary><c>pays-for-length</c>: r(R, length) among right traces above this. The default value is 0.</summary>
    [Range(-1.0, 1.0)]
    public double LengthCorrelation { get; init; }

    /// <summary><c>entropy-collapse</c>: mean step entropy (nats) below this … The default value is 0.01.</summary>
    [Range(0.0, 100.0)]
    public double EntropyFloor { get; init; } = 0.01;

    /// <summary>… while the share of right traces is below this: certain and wrong. The default value is 0.9.</summary>
    [Range(0.0, 1.0)]
    public double EntropyFloorAccuracy { get; init; } = 0.9;

    /// <summary><c>entropy-blow-up</c>: step entropy that rose by more than this share. The default value is 0.5.</summary>
    [Range(0.0, 100.0)]
    public double EntropyRise { get; init; } = 0.5;

    /// <summary>A rise of the step entropy by less than this (nats) is never one. The default value is 0.1.</summary>
    [Range(0.0, 100.0)]
    public double EntropyRiseFloor { get; init; } = 0.1;

    /// <summary><c>length-drift</c>: chains that grew by more than this share. The default value is 0.25.</summary>
    [Range(0.0, 100.0)]
    public double LengthRise { get; init; } = 0.25;

    /// <summary>… or that shrank by more than this share, while accuracy fell by <see cref="AccuracyFall"/>. The default value is 0.25.</summary>
    [Range(0.0, 1.0)]
    public double LengthFall { get; init; } = 0.25;

    /// <summary>Fall of the share of right traces (0 to 1) that makes shorter chains a loss. The default value is 0.05.</summary>
    [Range(0.0, 1.0)]
    public double AccuracyFall { get; init; } = 0.05;

    /// <summary><c>component-dominates</c>: share (0 to 1) of the spread of a mixed reward, within groups, that one shaper makes. The default value is 0.9.</summary>
    [Range(0.0, 1.0)]
    public double ComponentShare { get; init; } = 0.9;

    /// <summary><c>sampler-gap</c>: mean |learner − sampler| log-probability that grew by more than this share. The default value is 1: doubled.</summary>
    [Range(0.0, 1000.0)]
    public double SamplerGapRise { get; init; } = 1;

    /// <summary>A gap (nats) below this is never too large. The default value is 0.02.</summary>
    [Range(0.0, 100.0)]
    public double SamplerGapFloor { get; init; } = 0.02;

    /// <summary><c>truncation</c>: share of truncated traces that rose by more than this. The default value is 0.1.</summary>
    [Range(0.0, 1.0)]
    public double TruncationRise { get; init; } = 0.1;

    /// <summary><c>no-signal</c>: share of groups without any advantage above this. The default value is 0.8.</summary>
    [Range(0.0, 1.0)]
    public double NoSignal { get; init; } = 0.8;

    /// <summary>
    /// <c>stale</c>: mean staleness above this share of its bound, where the bound is 2 or more; or a share of groups above 0.1 that are
    /// dropped as stale over the newest <see cref="Window"/> steps. The default value is 0.9.
    /// </summary>
    [Range(0.0, 1.0)]
    public double StalenessShare { get; init; } = 0.9;

    /// <summary><c>learner-idle</c>: share of the time that the learner waits for groups above this. The default value is 0.9.</summary>
    [Range(0.0, 1.0)]
    public double LearnerIdle { get; init; } = 0.9;

    /// <summary><c>disk-filling</c>: free room (MiB) on the run's disk below this. The default value is 1024.</summary>
    [Range(0, 1 << 30)]
    public int DiskFreeMebibytes { get; init; } = 1024;

    /// <summary>… or a disk that is full in less than so many minutes at the rate at which it fills; 0 for no forecast. The default value is 60.</summary>
    [Range(0.0, 100_000.0)]
    public double DiskFullMinutes { get; init; } = 60;

    /// <summary>Minutes over which that rate is measured; half of them must have passed. The default value is 10.</summary>
    [Range(1.0, 1440.0)]
    public double DiskRateMinutes { get; init; } = 10;

    /// <summary><c>long-wait</c>: a wait of more than so many seconds, ten times as many before the first step … The default value is 30.</summary>
    [Range(0.1, 86_400.0)]
    public double WaitSeconds { get; init; } = 30;

    /// <summary>… and of more than so many times what the newest steps took in the mean, and once more for each version of the staleness bound. The default value is 3.</summary>
    [Range(0.0, 1000.0)]
    public double WaitSteps { get; init; } = 3;
}
