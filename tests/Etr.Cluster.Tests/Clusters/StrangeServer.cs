using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Etr.Cluster.Tests.Clusters;

/// <summary>Something that listens and is no store.</summary>
internal sealed class StrangeServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly string _greeting;
    private readonly string _answer;
    private readonly Task _serving;

    /// <summary>Begins to listen.</summary>
    /// <param name="greeting">What it says to whoever connects.</param>
    /// <param name="answer">What it says to whatever it is told, before it hangs up; empty says nothing and stays.</param>
    public StrangeServer(string greeting, string answer)
    {
        (_greeting, _answer) = (greeting, answer);
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary><c>host:port</c>.</summary>
    public string Endpoint => _listener.LocalEndpoint.ToString()!;

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var clients = new List<Task>();
        try
        {
            while (true)
                clients.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
        }
        finally
        {
            await Task.WhenAll(clients).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient connection = client;
        NetworkStream stream = connection.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(_greeting), _stop.Token);
        byte[] heard = new byte[4096];
        while (await stream.ReadAsync(heard, _stop.Token) > 0)
        {
            if (_answer.Length == 0)
                continue;
            await stream.WriteAsync(Encoding.ASCII.GetBytes(_answer), _stop.Token);
            return;
        }
    }
}
