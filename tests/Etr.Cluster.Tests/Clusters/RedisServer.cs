using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Etr.Cluster.Tests.Clusters;

/// <summary>A redis-server of the test's own, which keeps an append-only file and can be frozen, killed and started again.</summary>
internal sealed class RedisServer : IAsyncDisposable
{
    private const string Program = "/usr/bin/redis-server";

    // Below the range that systems hand to outgoing connections: a client that tries again while nobody listens must not be
    // given the very port it knocks at.
    private const int FirstPort = 14_000;
    private const int LastPort = 19_000;

    private readonly string[] _arguments;

    private RedisServer(string[] arguments, int port)
    {
        (_arguments, Endpoint) = (arguments, string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"));
        Process = ChildProcess.Start(Program, _arguments);
    }

    /// <summary><c>host:port</c>.</summary>
    public string Endpoint { get; }

    /// <summary>Its process.</summary>
    public ChildProcess Process { get; private set; }

    /// <summary>Starts one; skips the test where there is none.</summary>
    /// <param name="directory">Where it keeps its file.</param>
    /// <param name="secret">What it asks for; empty asks for nothing.</param>
    public static async Task<RedisServer> StartAsync(string directory, string secret)
    {
        Assert.SkipUnless(File.Exists(Program), $"There is no {Program}: Debian's package redis-server has it.");
        Directory.CreateDirectory(directory);
        int port = FreePort();
        string[] arguments =
        [
            "--bind", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--dir", directory,
            "--appendonly", "yes", "--appendfsync", "always", "--save", "", .. secret.Length > 0 ? (string[])["--requirepass", secret] : [],
        ];
        var server = new RedisServer(arguments, port);
        await server.ReadyAsync();
        return server;
    }

    /// <summary>Starts it again after it was killed, with what its file holds.</summary>
    public async Task RestartAsync()
    {
        await Process.DisposeAsync();
        Process = ChildProcess.Start(Program, _arguments);
        await ReadyAsync();
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Process.DisposeAsync();

    private Task<string> ReadyAsync() => Process.LineAsync("Ready to accept connections", anywhere: true);

    private static int FreePort()
    {
        while (true)
        {
            int port = Random.Shared.Next(FirstPort, LastPort);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                return port;
            }
            catch (SocketException)
            {
                // Taken: another one.
            }
        }
    }
}
