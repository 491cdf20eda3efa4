using Etr.Silo.Cli;
using StackExchange.Redis;

namespace Etr.Silo.Store;

/// <summary>How every part of the program connects to the cluster's store.</summary>
internal static class StoreConnection
{
    private const int ConnectMilliseconds = 5000;
    private const int AnswerMilliseconds = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>The options of a connection.</summary>
    /// <param name="address"><c>host:port</c>.</param>
    public static ConfigurationOptions Options(string address) => new()
    {
        EndPoints = { address },
        // A store that is away is waited for: the silo pauses and goes on when it is back.
        AbortOnConnectFail = false,
        ConnectTimeout = ConnectMilliseconds,
        AsyncTimeout = AnswerMilliseconds,
        SyncTimeout = AnswerMilliseconds,
    };

    /// <summary>Connects and waits for a first answer.</summary>
    /// <exception cref="CommandFailure">There is none.</exception>
    public static async Task<ConnectionMultiplexer> OpenAsync(string address, CancellationToken cancellationToken)
    {
        ConnectionMultiplexer? connection = null;
        try
        {
            connection = await ConnectionMultiplexer.ConnectAsync(Options(address)).WaitAsync(Patience, cancellationToken);
            await connection.GetDatabase().PingAsync().WaitAsync(Patience, cancellationToken);
            return connection;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            if (connection is not null)
                await connection.DisposeAsync();
            throw new CommandFailure(
                $"the store at {address} does not answer: start it, name another with --set Etr:Cluster:Redis=HOST:PORT, or leave that empty for one in this process", inner: e);
        }
    }
}
