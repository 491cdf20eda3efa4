using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Etr.Silo.Endpoint;

/// <summary>Tells clients what went wrong, as OpenAI's endpoints do.</summary>
internal static class ApiErrors
{
    /// <summary>The error as JSON, on one line.</summary>
    public static string Json(ApiException error)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("error");
            json.WriteString("message", error.Message);
            json.WriteString("type", error.Type);
            if (error.Parameter is null)
                json.WriteNull("param");
            else
                json.WriteString("param", error.Parameter);
            json.WriteString("code", error.Code);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Answers with it.</summary>
    public static async Task WriteAsync(HttpContext context, ApiException error)
    {
        HttpResponse response = context.Response;
        if (response.HasStarted)
        {
            // Too late for a status; a connection that breaks off is not taken for a whole answer.
            context.Abort();
            return;
        }

        response.Clear();
        response.Headers.XContentTypeOptions = "nosniff";
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        if (error.RetryAfter > 0)
            response.Headers.RetryAfter = error.RetryAfter.ToString(CultureInfo.InvariantCulture);
        if (error.Status == StatusCodes.Status401Unauthorized)
            response.Headers.WWWAuthenticate = "Bearer";
        await response.WriteAsync(Json(error), context.RequestAborted);
    }
}
