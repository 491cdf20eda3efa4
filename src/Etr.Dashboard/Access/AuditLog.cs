using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Etr.Dashboard.Access;

/// <summary>Writes a line of JSON for each action to a file, appended and flushed, and one to the log.</summary>
internal sealed partial class AuditLog(AccessOptions options, TimeProvider time, ILogger<AuditLog> logger) : IAuditLog
{
    private readonly Lock _gate = new();

    /// <inheritdoc/>
    public void Note(ClaimsPrincipal person, string action, string target, string outcome)
    {
        string name = person.Identity?.Name ?? "unknown";
        string role = AccessRoles.MayAct(person) ? AccessRoles.Operator : person.IsInRole(AccessRoles.Viewer) ? AccessRoles.Viewer : "none";
        LogAction(name, role, action, target, outcome);
        if (options.AuditFile.Length == 0)
            return;
        byte[] line = Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new { time = time.GetUtcNow(), name, role, action, target, outcome }) + "\n");
        try
        {
            lock (_gate)
            {
                using var stream = new FileStream(options.AuditFile, FileMode.Append, FileAccess.Write, FileShare.Read);
                stream.Write(line);
                stream.Flush(flushToDisk: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogUnwritten(options.AuditFile, exception.Message);
        }
    }

    [LoggerMessage(EventId = 3201, Level = LogLevel.Information, Message = "Audit: {Name} ({Role}) {Action} {Target}: {Outcome}")]
    private partial void LogAction(string name, string role, string action, string target, string outcome);

    [LoggerMessage(EventId = 3202, Level = LogLevel.Warning, Message = "The audit file {File} could not be written: {Reason}")]
    private partial void LogUnwritten(string file, string reason);
}
