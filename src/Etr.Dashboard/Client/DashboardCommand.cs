using System.CommandLine;

namespace Etr.Dashboard.Client;

/// <summary>The command line of the dashboard as a program of its own.</summary>
internal static class DashboardCommand
{
    /// <summary>The command.</summary>
    public static RootCommand Create()
    {
        var join = new Option<string>("--join") { Description = "The cluster's store, as 'etr silo' and 'etr train' print it.", HelpName = "HOST:PORT", Required = true };
        var cluster = new Option<string>("--cluster-id") { Description = "The cluster's name in the store.", HelpName = "NAME", DefaultValueFactory = _ => "etr" };
        var host = new Option<string>("--host") { Description = "Address to listen on; one that others reach needs Etr__Dashboard__Secret.", HelpName = "ADDRESS", DefaultValueFactory = _ => "127.0.0.1" };
        var port = new Option<int>("--port") { Description = "Port to listen on; 0 takes a free one.", HelpName = "PORT", DefaultValueFactory = _ => 5081 };
        port.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<int>() is < 0 or > 65535)
                result.AddError("--port: expected 0 to 65535");
        });
        var command = new RootCommand(
            "The dashboard of a cluster, beside it: watch its runs, and act on them. It holds nothing and may end at any time.\n" +
            "From the environment: Etr__Cluster__Secret, Etr__Dashboard__Secret (operators), Etr__Dashboard__ViewerSecret, Etr__Dashboard__AuditFile, Etr__Dashboard__OpenId__*,\n" +
            "Etr__Dashboard__Proxies, Etr__Dashboard__Certificate and CertificateKey (HTTPS), Etr__Cluster__Tls (the store's). docs/access.md tells of them.")
        {
            join, cluster, host, port,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            ClientSettings settings;
            try
            {
                settings = ClientSettings.Of(
                    parsed.GetRequiredValue(join), parsed.GetValue(cluster)!, parsed.GetValue(host)!, parsed.GetValue(port), Environment.GetEnvironmentVariable);
            }
            catch (ArgumentException e)
            {
                await Console.Error.WriteLineAsync($"etr: {e.Message}");
                return 2;
            }

            return await DashboardClient.RunAsync(settings, Console.Out, Console.Error, cancellationToken);
        });
        return command;
    }
}
