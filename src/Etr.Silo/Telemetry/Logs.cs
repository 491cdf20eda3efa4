using Etr.Silo.Configuration;
using Microsoft.Extensions.Logging.Console;

namespace Etr.Silo.Telemetry;

/// <summary>Log lines, to standard error: what a command prints is never mixed with them.</summary>
internal static class Logs
{
    /// <summary>Writes them as the settings say.</summary>
    /// <param name="logging">The host's logging.</param>
    /// <param name="settings">Their form.</param>
    /// <param name="verbose">Whether lines below warnings are written.</param>
    public static void AddEtrConsole(this ILoggingBuilder logging, LoggingSettings settings, bool verbose)
    {
        if (settings.Format == "json")
        {
            // Moments that sort as text, and what each line is about as values of its own.
            logging.AddJsonConsole(console => (console.IncludeScopes, console.UseUtcTimestamp, console.TimestampFormat) = (true, true, "O"));
        }
        else
        {
            logging.AddSimpleConsole(console => console.SingleLine = true);
        }

        // Sessions of twelve hours: what they are sealed with lies in the silo's own directory, like its other secrets.
        logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        logging.SetMinimumLevel(verbose ? LogLevel.Information : LogLevel.Warning);
        if (!verbose)
        {
            // What matters of these is told in the program's own words.
            logging.AddFilter("Orleans", LogLevel.Critical).AddFilter("Polly", LogLevel.None).AddFilter("Microsoft.Extensions.Hosting", LogLevel.None);
        }

        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
