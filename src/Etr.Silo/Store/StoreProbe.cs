using System.Net.Sockets;
using System.Text;

namespace Etr.Silo.Store;

/// <summary>What answers at an address where a store was meant to be.</summary>
internal enum StoreDoor
{
    /// <summary>Nothing listens, or it is out of reach.</summary>
    Closed,

    /// <summary>Something listens that does not speak the Redis protocol (without TLS).</summary>
    Foreign,

    /// <summary>A store that wants a secret, or another one.</summary>
    Locked,

    /// <summary>A store that answers.</summary>
    Open,
}

/// <summary>Knocks at an address with the protocol's simplest words, to be able to say in a sentence why a connection failed.</summary>
internal static class StoreProbe
{
    private const int LongestAnswer = 256;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Knocks.</summary>
    public static async Task<StoreDoor> KnockAsync(StoreAddress address, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        using var client = new TcpClient();
        try
        {
            int colon = address.Endpoint.LastIndexOf(':');
            await client.ConnectAsync(address.Endpoint[..colon], int.Parse(address.Endpoint.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture), deadline.Token);
        }
        catch (Exception e) when (e is SocketException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return StoreDoor.Closed;
        }

        try
        {
            NetworkStream stream = client.GetStream();
            if (address.Secret.Length > 0 && Read(await SayAsync(stream, $"*2\r\n$4\r\nAUTH\r\n${address.Secret.Length}\r\n{address.Secret}\r\n", deadline.Token)) is var answer && answer != StoreDoor.Open)
                return answer;
            return Read(await SayAsync(stream, "*1\r\n$4\r\nPING\r\n", deadline.Token));
        }
        catch (Exception e) when (e is IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return StoreDoor.Foreign;
        }
    }

    private static StoreDoor Read(string answer) =>
        answer.StartsWith('+') ? StoreDoor.Open : answer.StartsWith('-') ? StoreDoor.Locked : StoreDoor.Foreign;

    private static async Task<string> SayAsync(NetworkStream stream, string words, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(Encoding.ASCII.GetBytes(words), cancellationToken);
        byte[] answer = new byte[LongestAnswer];
        int length = await stream.ReadAsync(answer, cancellationToken);
        return Encoding.ASCII.GetString(answer, 0, length);
    }
}
