namespace Etr.Silo.Endpoint;

/// <summary>What the endpoint logs: never a prompt, a text or a key.</summary>
internal static partial class EndpointLog
{
    [LoggerMessage(EventId = 2101, Level = LogLevel.Error, Message = "The endpoint's engine could not be used.")]
    public static partial void LogEndpointFailed(this ILogger logger, Exception exception);

    [LoggerMessage(EventId = 2102, Level = LogLevel.Error, Message = "The endpoint's engine could not draw: {Reason}")]
    public static partial void LogDrawFailed(this ILogger logger, string reason);
}
