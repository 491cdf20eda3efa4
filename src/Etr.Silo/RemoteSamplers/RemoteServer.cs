using Etr.Silo.Cli;
using Etr.Silo.Configuration;

namespace Etr.Silo.RemoteSamplers;

/// <summary>One server with everything resolved.</summary>
/// <param name="Name">The sampler's name.</param>
/// <param name="Root">Its address, without <c>/v1</c>.</param>
/// <param name="Key">Its API key; empty where it asks for none. Never printed: see <see cref="ToString"/>.</param>
/// <param name="Settings">How it is used.</param>
internal sealed record RemoteServer(string Name, Uri Root, string Key, RemoteServerSettings Settings)
{
    private const int LongestKey = 4096;

    /// <summary>Whether it is another silo's endpoint.</summary>
    public bool IsEtr => Settings.Kind == "etr";

    /// <summary>Whether it sends full-vocabulary entropies.</summary>
    public bool HasEntropies => IsEtr;

    /// <summary>Resolves the servers that the settings name.</summary>
    /// <exception cref="CommandFailure">A key is not where it should be, a model is missing, or two have one name.</exception>
    public static IReadOnlyList<RemoteServer> All(SamplersSettings settings)
    {
        RemoteServer[] servers = [.. settings.Servers.Select(Of)];
        string? twice = servers.GroupBy(server => server.Name).FirstOrDefault(same => same.Count() > 1)?.Key;
        return twice is null ? servers : throw new CommandFailure($"two entries of Etr:Samplers:Remote are called '{twice}': give one a Name of its own");
    }

    /// <summary>Name and address: what may be printed.</summary>
    public override string ToString() => $"{Name} ({Settings.Kind} at {Root})";

    private static RemoteServer Of(RemoteServerSettings settings)
    {
        if (!Uri.TryCreate(settings.Url, UriKind.Absolute, out Uri? url) || url.UserInfo.Length > 0)
            throw new CommandFailure($"Etr:Samplers:Remote:*:Url '{settings.Url}' is not an address such as http://10.0.0.7:8000/v1");
        if (settings.Kind != "etr" && settings.Model.Length == 0)
            throw new CommandFailure($"Etr:Samplers:Remote:*:Model is missing for {settings.Url}: name the model as the server does (GET /v1/models lists it)");
        string path = url.AbsolutePath.TrimEnd('/');
        path = path.EndsWith("/v1", StringComparison.Ordinal) ? path[..^3] : path;
        var root = new Uri(url.GetLeftPart(UriPartial.Authority) + path + "/");
        return new RemoteServer(settings.Name.Length > 0 ? settings.Name : $"{url.Host.Trim('[', ']').Replace(':', '-')}-{url.Port}", root, KeyOf(settings), settings);
    }

    private static string KeyOf(RemoteServerSettings settings)
    {
        if (settings.KeyVariable.Length > 0)
        {
            return Environment.GetEnvironmentVariable(settings.KeyVariable) is { Length: > 0 } key
                ? Checked(key, settings)
                : throw new CommandFailure($"Etr:Samplers:Remote:*:KeyVariable names {settings.KeyVariable}, which is not set in the environment");
        }

        if (settings.KeyFile.Length == 0)
            return "";
        var file = new FileInfo(settings.KeyFile);
        if (!file.Exists || file.Length is 0 or > LongestKey)
            throw new CommandFailure($"Etr:Samplers:Remote:*:KeyFile {settings.KeyFile} is missing, empty or larger than {LongestKey} bytes");
        return Checked(File.ReadAllText(file.FullName).Trim(), settings);
    }

    private static string Checked(string key, RemoteServerSettings settings) => key.All(c => c is > ' ' and <= '~')
        ? key
        : throw new CommandFailure($"the API key of {settings.Url} holds characters that no header may have");
}
