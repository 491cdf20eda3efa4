namespace Etr.Dashboard.Cluster;

/// <summary>A change in who belongs to the cluster.</summary>
/// <param name="At">When this server noticed; before it looked, when membership says.</param>
/// <param name="Who">The silo or sampler.</param>
/// <param name="Kind">joined, draining, left, lost or ended.</param>
/// <param name="Text">In words.</param>
public sealed record MemberEvent(DateTimeOffset At, string Who, string Kind, string Text)
{
    /// <summary>The glyph beside its colour.</summary>
    public string Glyph => Kind switch
    {
        "joined" => "+",
        "draining" => "▼",
        "left" or "ended" => "−",
        _ => "✕",
    };

    /// <summary>The class of its colour.</summary>
    public string Tone => Kind switch
    {
        "joined" => "right-text",
        "lost" => "bad-text",
        _ => "flat",
    };
}
