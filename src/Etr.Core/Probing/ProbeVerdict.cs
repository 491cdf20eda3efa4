using System.Globalization;
using Etr.Core.Runs;

namespace Etr.Core.Probing;

/// <summary>A probe's figures in words.</summary>
internal static class ProbeVerdict
{
    // |r| below this says little about a policy of some hundred traces.
    private const double Weak = 0.1;
    private const double LittleSignal = 0.1;
    private const double Opening = 0.3;

    public static string Of(RewardProbe probe, RewardPlan plan)
    {
        var words = new List<string> { OfLength(probe) };

        // Only where falls are paid does a high opening earn by itself; elsewhere the two merely go together.
        if (plan.PaysTrend && plan.Preset.Trend.Alpha > 0 && probe.TrendOpening > Opening)
            words.Add(Text($"an uncertain opening raises it (r(R, H_1) {probe.TrendOpening:+0.00})"));
        if (probe.Inverted > 0)
            words.Add(Text($"ranks {probe.Inverted:P0} of right traces below a wrong one"));
        if (probe.Signal < LittleSignal)
            words.Add(Text($"little to learn from: {probe.Signal:P0} of groups have a signal"));
        return string.Join("; ", words);
    }

    private static string OfLength(RewardProbe probe) => (probe.RewardLength, probe.InsertionRaises) switch
    {
        ( > Weak, > 0) => Text($"pays for longer chains: inserting confident steps raises it ({probe.InsertionRaises:P0} of places)"),
        ( > Weak, _) => "pays for longer chains as they are, though inserting steps does not raise it",
        ( < -Weak, > 0.5) => Text($"pays for shorter chains now, but inserting confident steps raises it ({probe.InsertionRaises:P0} of places): it may turn"),
        ( < -Weak, 0) => "pays for shorter chains, and inserting steps cannot raise it",
        ( < -Weak, _) => "pays for shorter chains",
        (_, > 0.5) => Text($"pays for length little as chains are, but inserting confident steps raises it ({probe.InsertionRaises:P0} of places)"),
        (null, _) => "pays right traces alike, whatever their length",
        _ => "does not tell long chains from short ones",
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
