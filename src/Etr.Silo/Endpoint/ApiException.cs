namespace Etr.Silo.Endpoint;

/// <summary>A request that is not answered: what the client is told, in the shape of OpenAI's errors.</summary>
/// <param name="status">The HTTP status.</param>
/// <param name="code">A word for programs, such as <c>model_not_found</c>.</param>
/// <param name="message">A sentence for people.</param>
/// <param name="parameter">The parameter that is to blame; null where none is.</param>
internal sealed class ApiException(int status, string code, string message, string? parameter = null) : Exception(message)
{
    /// <summary>The HTTP status.</summary>
    public int Status => status;

    /// <summary>A word for programs.</summary>
    public string Code => code;

    /// <summary>The parameter that is to blame.</summary>
    public string? Parameter => parameter;

    /// <summary>What the silo's log is told and the client is not; null where there is nothing more.</summary>
    public string? Detail { get; init; }

    /// <summary>Seconds after which it may be tried again; 0 where trying again helps nothing.</summary>
    public int RetryAfter { get; init; }

    /// <summary>OpenAI's kind of error.</summary>
    public string Type => status switch
    {
        401 => "authentication_error",
        429 => "rate_limit_error",
        >= 500 => "server_error",
        _ => "invalid_request_error",
    };

    /// <summary>A parameter with a value that is not allowed.</summary>
    public static ApiException Bad(string parameter, string message) => new(400, "invalid_value", $"'{parameter}': {message}", parameter);
}
