using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;

namespace Etr.Silo.Store;

/// <summary>What an endpoint answered.</summary>
internal enum StoreAnswer
{
    /// <summary>It speaks the Redis protocol and lets us in, or says itself what else is wrong.</summary>
    Speaks,

    /// <summary>It asks for a secret, and we have none.</summary>
    AsksForSecret,

    /// <summary>It refuses ours.</summary>
    RefusesSecret,

    /// <summary>It is something else, or says nothing, or is not there.</summary>
    None,
}

/// <summary>
/// Asks an endpoint once, in a few bytes, whether it is a store that lets us in. A client library would try again until its
/// time is over and then not tell a wrong secret from silence.
/// </summary>
internal static class StoreProbe
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // Longer than any error of Redis; whatever goes on longer without a line is none.
    private const int MostBytes = 1024;

    /// <summary>Asks; over within 5 s.</summary>
    public static async Task<StoreAnswer> AskAsync(StoreAddress address, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(Patience);
        try
        {
            int colon = address.Endpoint.LastIndexOf(':');
            string host = address.Endpoint[..colon];
            using var client = new TcpClient();
            await client.ConnectAsync(host, int.Parse(address.Endpoint.AsSpan(colon + 1), CultureInfo.InvariantCulture), deadline.Token);
            await using Stream stream = await OpenAsync(client, address.Tls ? host : null, deadline.Token);
            if (address.Secret.Length > 0)
                await stream.WriteAsync(Command("AUTH", address.Secret), deadline.Token);
            await stream.WriteAsync(Command("PING"), deadline.Token);
            return await JudgeAsync(stream, address.Secret.Length > 0, deadline.Token);
        }
        catch (Exception e) when (e is IOException or SocketException or AuthenticationException or ArgumentOutOfRangeException)
        {
            return StoreAnswer.None;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return StoreAnswer.None;
        }
    }

    private static async Task<StoreAnswer> JudgeAsync(Stream stream, bool secret, CancellationToken cancellationToken)
    {
        string answer = await LineAsync(stream, cancellationToken);
        if (secret && answer.StartsWith("-WRONGPASS", StringComparison.Ordinal))
            return StoreAnswer.RefusesSecret;

        // A store without a password has nothing against one.
        if (secret && answer is ['+' or '-', ..])
            answer = await LineAsync(stream, cancellationToken);
        if (answer.StartsWith("-NOAUTH", StringComparison.Ordinal))
            return secret ? StoreAnswer.RefusesSecret : StoreAnswer.AsksForSecret;
        return answer is ['+' or '-', ..] ? StoreAnswer.Speaks : StoreAnswer.None;
    }

    private static async Task<Stream> OpenAsync(TcpClient client, string? tlsHost, CancellationToken cancellationToken)
    {
        NetworkStream plain = client.GetStream();
        if (tlsHost is null)
            return plain;
        var secured = new SslStream(plain);
        try
        {
            await secured.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = tlsHost }, cancellationToken);
            return secured;
        }
        catch
        {
            await secured.DisposeAsync();
            throw;
        }
    }

    private static byte[] Command(params string[] words) => Encoding.UTF8.GetBytes(string.Create(
        CultureInfo.InvariantCulture, $"*{words.Length}\r\n{string.Concat(words.Select(word => $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n"))}"));

    // Byte by byte: what follows the line is another answer's.
    private static async Task<string> LineAsync(Stream stream, CancellationToken cancellationToken)
    {
        byte[] next = new byte[1];
        var line = new StringBuilder();
        while (line.Length < MostBytes && await stream.ReadAsync(next, cancellationToken) == 1 && next[0] != '\n')
            line.Append((char)next[0]);
        return line.ToString();
    }
}
