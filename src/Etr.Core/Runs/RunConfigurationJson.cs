using System.Text.Json;

namespace Etr.Core.Runs;

/// <summary>The stored form of a run's configuration.</summary>
public static class RunConfigurationJson
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.General)
    {
        UnmappedMemberHandling = System.Text.Json.Serialization.JsonUnmappedMemberHandling.Disallow,
    };

    /// <summary>Writes a configuration; equal configurations give equal text.</summary>
    public static string Write(RunConfiguration configuration) => JsonSerializer.Serialize(configuration, Options);

    /// <summary>Reads a stored configuration.</summary>
    /// <exception cref="InvalidDataException">The text is not one: not JSON, or with a key that this program does not know.</exception>
    public static RunConfiguration Read(string json)
    {
        try
        {
            return JsonSerializer.Deserialize<RunConfiguration>(json, Options)
                ?? throw new InvalidDataException("The stored configuration is empty.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"The stored configuration cannot be read: {exception.Message}", exception);
        }
    }
}
