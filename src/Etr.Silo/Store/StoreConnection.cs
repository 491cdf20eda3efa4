using Etr.Silo.Cli;
using StackExchange.Redis;

namespace Etr.Silo.Store;

/// <summary>How every part of the program connects to the cluster's store.</summary>
internal static class StoreConnection
{
    private const int ConnectMilliseconds = 5000;
    private const int AnswerMilliseconds = 10_000;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(8);

    /// <summary>The options of a connection that waits for a store that is away: the silo pauses and goes on when it is back.</summary>
    public static ConfigurationOptions Options(StoreAddress address)
    {
        var options = new ConfigurationOptions
        {
            EndPoints = { address.Endpoint },
            AbortOnConnectFail = false,
            ConnectTimeout = ConnectMilliseconds,
            AsyncTimeout = AnswerMilliseconds,
            SyncTimeout = AnswerMilliseconds,
            Ssl = address.Tls,

            // A store that is back is found within a second or two, not after minutes of growing pauses.
            ReconnectRetryPolicy = new LinearRetry(1000),
        };
        if (address.Secret.Length > 0)
            options.Password = address.Secret;
        return options;
    }

    /// <summary>Connects and waits for a first answer.</summary>
    /// <exception cref="CommandFailure">There is none, or it refuses the secret.</exception>
    public static async Task<ConnectionMultiplexer> OpenAsync(StoreAddress address, CancellationToken cancellationToken)
    {
        if (await StoreProbe.AskAsync(address, cancellationToken) is not StoreAnswer.Speaks and var answer)
            throw new CommandFailure(Explain(address, answer));
        ConfigurationOptions options = Options(address);
        options.AbortOnConnectFail = true;
        ConnectionMultiplexer? connection = null;
        try
        {
            connection = await ConnectionMultiplexer.ConnectAsync(options).WaitAsync(Patience, cancellationToken);
            await connection.GetDatabase().PingAsync().WaitAsync(Patience, cancellationToken);
            return connection;
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            if (connection is not null)
                await connection.DisposeAsync();
            throw new CommandFailure(Explain(address, StoreAnswer.None), inner: e);
        }
    }

    private static string Explain(StoreAddress address, StoreAnswer answer) => answer switch
    {
        StoreAnswer.AsksForSecret => $"the store at {address} asks for a secret: set Etr:Cluster:Secret to the cluster's",
        StoreAnswer.RefusesSecret => $"the store at {address} refuses the secret: set Etr:Cluster:Secret to the cluster's",
        _ => $"the store at {address} does not answer as one{(address.Tls ? " by TLS" : "")}: start it, name another with --join HOST:PORT or --set Etr:Cluster:Redis=HOST:PORT, or leave both empty for one in this process",
    };
}
