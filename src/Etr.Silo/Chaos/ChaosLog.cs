using System.Text.Json;
using System.Text.Json.Serialization;

namespace Etr.Silo.Chaos;

/// <summary>One fault and what came of it.</summary>
internal sealed record ChaosEvent
{
    /// <summary>When it was done.</summary>
    public required DateTimeOffset Time { get; init; }

    /// <summary>What was done: kill, freeze, drain, add.</summary>
    public required string Fault { get; init; }

    /// <summary>To which process; for one that was added, the new one.</summary>
    public required int Pid { get; set; }

    /// <summary>Its roles.</summary>
    public required string Role { get; init; }

    /// <summary>The run's last committed step before.</summary>
    public required int Step { get; init; }

    /// <summary>Seconds from the fault until two more steps were committed; null where it took longer than the deadline: a hang.</summary>
    public double? Recovered { get; set; }

    /// <summary>Whether the audit afterwards found the ledger closed.</summary>
    public bool Closed { get; set; }

    /// <summary>What the audit found wrong, or what else went wrong; empty where nothing.</summary>
    public string Problem { get; set; } = "";
}

/// <summary>The faults as JSON lines, each on disk before the next.</summary>
internal sealed class ChaosLog(string? path) : IDisposable
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    private readonly StreamWriter? _writer = path is null ? null : new StreamWriter(Path.GetFullPath(path), append: false);

    /// <summary>Writes one.</summary>
    public void Write(ChaosEvent happened)
    {
        _writer?.WriteLine(JsonSerializer.Serialize(happened, Options));
        _writer?.Flush();
    }

    /// <inheritdoc/>
    public void Dispose() => _writer?.Dispose();
}
