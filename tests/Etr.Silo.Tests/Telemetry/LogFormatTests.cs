using System.Text.Json;
using Etr.Grains.Logging;
using Etr.Silo.Configuration;
using Etr.Silo.Telemetry;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Microsoft.Extensions.Options;

namespace Etr.Silo.Tests.Telemetry;

public sealed class LogFormatTests
{
    [Theory]
    [InlineData("text", "simple")]
    [InlineData("json", "json")]
    public void The_setting_chooses_the_form_and_lines_go_to_standard_error(string format, string formatter)
    {
        using ServiceProvider services = Services(format);
        ConsoleLoggerOptions console = services.GetRequiredService<IOptions<ConsoleLoggerOptions>>().Value;

        Assert.Equal((formatter, LogLevel.Trace), (console.FormatterName, console.LogToStandardErrorThreshold));
    }

    [Fact]
    public void A_json_line_has_the_event_s_id_its_values_and_what_it_is_about()
    {
        using ServiceProvider services = Services("json");
        ConsoleFormatter json = services.GetServices<ConsoleFormatter>().Single(formatter => formatter.Name == "json");
        var scopes = new LoggerExternalScopeProvider();
        using var line = new StringWriter();
        using (scopes.Push(LogScope.OfGroup("run-1/group/17")))
        {
            KeyValuePair<string, object?>[] state = [new("Run", "run-1"), new("{OriginalFormat}", "Run {Run}.")];
            json.Write(new LogEntry<KeyValuePair<string, object?>[]>(LogLevel.Warning, "Etr", new EventId(1102, "LogFault"), state, null, (_, _) => "Run run-1."), scopes, line);
        }

        Assert.Single(line.ToString().TrimEnd().Split('\n'));
        using JsonDocument written = JsonDocument.Parse(line.ToString());
        Assert.Equal((1102, "Warning"), (written.RootElement.GetProperty("EventId").GetInt32(), written.RootElement.GetProperty("LogLevel").GetString()));
        Assert.Equal("run-1", written.RootElement.GetProperty("State").GetProperty("Run").GetString());
        JsonElement scope = written.RootElement.GetProperty("Scopes")[0];
        Assert.Equal(("run-1", 17), (scope.GetProperty("run").GetString(), scope.GetProperty("group").GetInt64()));
    }

    private static ServiceProvider Services(string format)
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddEtrConsole(new LoggingSettings { Format = format }, verbose: true));
        return services.BuildServiceProvider();
    }
}
