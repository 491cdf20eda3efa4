using System.ComponentModel.DataAnnotations;

namespace Etr.Silo.Configuration;

/// <summary><c>Etr:Logging</c>: how log lines are written, to standard error. Host settings: they never change what a run computes.</summary>
public sealed record LoggingSettings
{
    /// <summary>
    /// <c>text</c> (a line for people) or <c>json</c> (an object a line, with the event's id, the message's values, and the run, group
    /// and slot it is about as scopes). The default value is <c>text</c>.
    /// </summary>
    [AllowedValues("text", "json")]
    public string Format { get; init; } = "text";
}
