using System.Buffers.Binary;
using System.Diagnostics;
using Etr.Core.Rollouts;
using Etr.Grains.Groups;
using Etr.Grains.Samplers;

namespace Etr.Grains.Tracing;

/// <summary>
/// The spans of one draw, one for each slot lease: from when the sampler took it until the group has heard of its end, or nobody wants it
/// any more.
/// </summary>
internal sealed class LeaseSpans : IDisposable
{
    private readonly Dictionary<int, (Activity Span, int Prefix)> _open = [];

    public LeaseSpans(DrawRequest request, string sampler, IReadOnlyList<RolloutSlot> prefixes)
    {
        if (!EtrTracing.IsOn || !IGroupGrain.TryParse(request.Group, out string run, out long ordinal))
            return;
        foreach ((DrawSlot slot, RolloutSlot prefix) in request.Slots.Zip(prefixes))
        {
            if (EtrTracing.Begin(EtrTracing.SlotLease, request.Trace) is not { } span)
                continue;
            span.SetTag("etr.run", run).SetTag("etr.group", ordinal).SetTag("etr.slot", slot.Slot).SetTag("etr.lease", slot.Lease)
                .SetTag("etr.sampler", sampler).SetTag("etr.policy_version", request.PolicyVersion).SetTag("etr.prefix_tokens", prefix.Prefix.Count);
            _open[slot.Slot] = (span, prefix.Prefix.Count);
        }
    }

    /// <summary>Reports that end a slot, with their spans' names, so that who used the trace can link to them.</summary>
    public SlotReport[] Named(SlotReport[] reports) => _open.Count == 0 ? reports :
        [.. reports.Select(report => report.Ending is not null && _open.TryGetValue(report.Slot, out var lease) ? report with { Trace = lease.Span.Id } : report)];

    /// <summary>The group has answered these reports.</summary>
    public void Told(SlotReport[] reports)
    {
        foreach (SlotReport report in _open.Count == 0 ? [] : reports.Where(report => report.Ending is not null))
        {
            if (!_open.Remove(report.Slot, out var lease))
                continue;
            int tokens = report.From + BinaryPrimitives.ReadInt32LittleEndian(report.Frame) - lease.Prefix;
            lease.Span.SetTag("etr.tokens", tokens).SetTag("etr.end", report.Ending.ToString()!.ToLowerInvariant());
            lease.Span.Dispose();
        }
    }

    /// <summary>The draw is over: what has not ended by itself was taken back, or failed.</summary>
    public void Dispose()
    {
        foreach ((Activity span, _) in _open.Values)
        {
            span.SetTag("etr.end", "given-up");
            span.Dispose();
        }

        _open.Clear();
    }
}
