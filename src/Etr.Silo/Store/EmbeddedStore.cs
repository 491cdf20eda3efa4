using System.Globalization;
using Etr.Silo.Cli;
using Garnet;

namespace Etr.Silo.Store;

/// <summary>
/// Garnet in this process: a store that speaks the Redis protocol. A write is on disk before it is answered,
/// so state survives a killed process.
/// </summary>
internal sealed class EmbeddedStore : IDisposable
{
    private readonly GarnetServer _server;

    private EmbeddedStore(GarnetServer server, int port) => (_server, Port) = (server, port);

    /// <summary>The port it listens on.</summary>
    public int Port { get; }

    /// <summary>Recovers what the directory holds and starts to listen.</summary>
    /// <param name="data">The data directory.</param>
    /// <param name="port">The port.</param>
    /// <param name="advertise">An address beside loopback at which other machines reach it; null where there is none.</param>
    /// <param name="secret">The password it asks for; empty asks for none.</param>
    /// <param name="loggers">Where it logs.</param>
    /// <exception cref="CommandFailure">The port is taken or the files cannot be recovered.</exception>
    public static EmbeddedStore Start(DataDirectory data, int port, string? advertise = null, string secret = "", ILoggerFactory? loggers = null)
    {
        string[] arguments =
        [
            "--bind", advertise is null ? "127.0.0.1" : $"127.0.0.1,{advertise}", "--port", port.ToString(CultureInfo.InvariantCulture), "-q", "--disable-console-logger",
            "--logdir", data.Store, "--checkpointdir", data.Store,
            // Every write is committed to the append-only file before it is answered; the file is cut back by a checkpoint
            // once it has grown, and what does not fit into memory goes to disk instead of being forgotten.
            "--aof", "--aof-commit-wait", "--recover", "--aof-memory", "32m", "--aof-page-size", "8m", "--aof-size-limit", "256m",
            "--storage-tier", "--memory", "64m", "--page", "4m", "--index", "8m",
            // Orleans' storage and membership are Lua scripts; the RandomAccess device needs no native library.
            "--lua", "--device-type", "RandomAccess",
            .. secret.Length > 0 ? (string[])["--auth", "Password", "--password", secret] : [],
        ];
        try
        {
            var server = new GarnetServer(arguments, loggers);
            server.Start();
            return new EmbeddedStore(server, port);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            throw new CommandFailure(
                $"port {port} of the embedded store cannot be listened on ({e.Message}): stop what holds it, or choose another with --set Etr:Cluster:StorePort=PORT", inner: e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or Tsavorite.core.TsavoriteException or Garnet.common.GarnetException)
        {
            throw new CommandFailure(
                $"the store in {data.Store} cannot be opened ({e.Message.TrimEnd('.')}): check its disk and permissions, or name another data directory with --set Etr:Data=DIR", inner: e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _server.Dispose();
}
