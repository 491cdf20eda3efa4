using System.Text.Json;

namespace Etr.Core.Policies;

/// <summary>The stored form of a manifest: JSON with names in camel case. Equal manifests give equal bytes.</summary>
public static class PolicyManifestJson
{
    /// <summary>Most bytes of a manifest: 64 MiB, which no list of <see cref="PolicyManifest.MostParts"/> parts needs.</summary>
    public const int MaximumBytes = 64 << 20;

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        MaxDepth = 8,
        AllowDuplicateProperties = false,
        NumberHandling = System.Text.Json.Serialization.JsonNumberHandling.Strict,
        PropertyNameCaseInsensitive = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    /// <summary>The bytes of a manifest.</summary>
    /// <exception cref="InvalidDataException">It is not a manifest that <see cref="Read"/> would take.</exception>
    public static byte[] Write(PolicyManifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(manifest.Validate(), Options);
        CheckLength(json.Length);
        return json;
    }

    /// <summary>Reads and checks a manifest.</summary>
    /// <exception cref="InvalidDataException">It is too large, no JSON, or a field is not as it should be.</exception>
    public static PolicyManifest Read(ReadOnlySpan<byte> json)
    {
        CheckLength(json.Length);
        try
        {
            return JsonSerializer.Deserialize<PolicyManifest>(json, Options)?.Validate()
                ?? throw new InvalidDataException("policy manifest: expected an object, found null");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"policy manifest: expected a manifest's JSON, found: {exception.Message}", exception);
        }
    }

    /// <summary>Reads and checks a manifest's file; null where there is none.</summary>
    /// <exception cref="InvalidDataException">It is too large, no JSON, or a field is not as it should be.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static async Task<PolicyManifest?> ReadFileAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            var file = new FileInfo(path);
            if (!file.Exists)
                return null;
            CheckLength(file.Length);
            return Read(await File.ReadAllBytesAsync(path, cancellationToken));
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            // Collected between the question and the reading.
            return null;
        }
    }

    /// <summary>Whether a file holds exactly these bytes.</summary>
    internal static async Task<bool> IsAsync(string path, byte[] json, CancellationToken cancellationToken)
    {
        var file = new FileInfo(path);
        return file.Exists && file.Length == json.Length && (await File.ReadAllBytesAsync(path, cancellationToken)).AsSpan().SequenceEqual(json);
    }

    private static void CheckLength(long bytes)
    {
        if (bytes > MaximumBytes)
            throw new InvalidDataException($"policy manifest: expected at most {MaximumBytes} bytes, found {bytes}");
    }
}
