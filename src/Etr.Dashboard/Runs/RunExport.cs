using System.Globalization;
using System.Net.Mime;
using System.Text;
using System.Text.Json;
using Etr.Dashboard.Reading;
using Etr.Grains.Runs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Etr.Dashboard.Runs;

/// <summary>
/// A run's steps as CSV, the same columns as its steps.csv, or as JSON lines of the same names. Written page by page: memory does not grow
/// with the run.
/// </summary>
internal static class RunExport
{
    private static readonly HashSet<string> Words = ["policy_sha256", "held_out_failure", "alarms"];

    /// <summary>Serves the exports.</summary>
    public static void Map(IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/runs/{run}/export/steps.csv", (string run, IRunReader reader, HttpContext context) => WriteAsync(run, json: false, reader, context));
        endpoints.MapGet("/runs/{run}/export/steps.jsonl", (string run, IRunReader reader, HttpContext context) => WriteAsync(run, json: true, reader, context));
    }

    private static async Task WriteAsync(string run, bool json, IRunReader reader, HttpContext context)
    {
        var stop = context.RequestAborted;
        try
        {
            var status = await reader.GetRunAsync(run, stop);
            if (status.State == RunState.Unknown)
            {
                context.Response.StatusCode = StatusCodes.Status404NotFound;
                return;
            }

            var first = await reader.GetStepsAsync(run, 1, stop);
            string[] shapers = first.Count > 0 ? [.. first[0].Shapers.Select(shaper => shaper.Name)] : [];
            context.Response.ContentType = json ? "application/jsonl; charset=utf-8" : "text/csv; charset=utf-8";
            context.Response.Headers.XContentTypeOptions = "nosniff";
            context.Response.Headers.ContentDisposition = new ContentDisposition { FileName = $"{Plain(run)}-steps.{(json ? "jsonl" : "csv")}" }.ToString();
            await using var writer = new StreamWriter(context.Response.Body, new UTF8Encoding(false));
            writer.NewLine = "\n";
            if (!json)
                await writer.WriteLineAsync(StepColumns.Header(shapers));
            for (var steps = first; steps.Count > 0; steps = await reader.GetStepsAsync(run, steps[^1].Step + 1, stop))
            {
                foreach (var step in steps)
                {
                    var row = new StepRow(step, status.Evaluations.LastOrDefault(found => found.Step == step.Step), [.. status.Alarms.Where(alarm => alarm.Step == step.Step)]);
                    await writer.WriteLineAsync(json ? Json(row, shapers) : StepColumns.Line(Harmless(row), shapers));
                }

                await writer.FlushAsync(stop);
            }
        }
        catch (TimeoutException) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        }
        catch (TimeoutException)
        {
            // Half a file must not look like a whole one.
            context.Abort();
        }
    }

    private static string Json(StepRow row, string[] shapers)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes))
        {
            json.WriteStartObject();
            foreach (var (name, value) in StepColumns.Fields(row, shapers))
            {
                if (value is null)
                    json.WriteNull(name);
                else if (Words.Contains(name))
                    json.WriteString(name, value);
                else
                    json.WriteNumber(name, double.Parse(value, CultureInfo.InvariantCulture));
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.ToArray());
    }

    // A failure's words are anyone's, and a spreadsheet takes a cell that begins so for a formula. Numbers keep their minus.
    private static StepRow Harmless(StepRow row) =>
        row.Evaluation is { Failure: ['=' or '+' or '-' or '@' or '\t' or '\r', ..] failure } evaluation ? row with { Evaluation = evaluation with { Failure = "'" + failure } } : row;

    // A name is anything a person typed; a file's name is not.
    private static string Plain(string run) => string.Concat(run.Take(80).Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '_'));
}
