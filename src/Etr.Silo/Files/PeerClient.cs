using System.Net;
using System.Net.Http.Headers;
using Etr.Grains.Silos;
using Etr.Silo.Hosting;

namespace Etr.Silo.Files;

/// <summary>Asks the other silos for files, those that may train first, until one has it.</summary>
internal sealed class PeerClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly SiloDirectory _silos;
    private readonly SiloPlan _plan;
    private readonly HttpClient _http;

    public PeerClient(SiloDirectory silos, SiloPlan plan)
    {
        (_silos, _plan) = (silos, plan);
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, UseProxy = false, ConnectTimeout = TimeSpan.FromSeconds(3) })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        if (plan.Settings.Host.Cluster.Secret is { Length: > 0 } secret)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
    }

    /// <summary>Asks one silo after the other; what the first one that has the file answers is read by <paramref name="read"/>.</summary>
    /// <param name="path">Path of the file below a silo's address.</param>
    /// <param name="range">Bytes wanted; null wants all.</param>
    /// <param name="read">Reads the answer.</param>
    /// <param name="cancellationToken">Ends the asking.</param>
    /// <exception cref="IOException">Nobody has it, or nobody answers.</exception>
    public async Task<T> AskAsync<T>(string path, RangeHeaderValue? range, Func<HttpContent, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        var refusals = new List<string>();
        foreach (SiloDirectory.Member peer in Peers())
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(Patience);
            try
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(peer.Card!.Url), path));
                request.Headers.Range = range;
                using HttpResponseMessage answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
                HttpStatusCode wanted = range is null ? HttpStatusCode.OK : HttpStatusCode.PartialContent;
                if (answer.StatusCode == wanted)
                    return await read(answer.Content, deadline.Token);
                refusals.Add($"{peer.Name} answers {(int)answer.StatusCode}");
            }
            catch (Exception e) when (e is HttpRequestException or IOException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
            {
                refusals.Add($"{peer.Name} does not ({e.Message.TrimEnd('.')})");
            }
        }

        throw new IOException($"No silo hands out {path}: {(refusals.Count == 0 ? "there is no other" : string.Join("; ", refusals))}.");
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private IEnumerable<SiloDirectory.Member> Peers() => _silos.Active
        .Where(silo => silo.Name != _plan.Name && silo.Card is { Url.Length: > 0 })
        .OrderByDescending(silo => silo.Card!.Roles.HasFlag(SiloRoles.Learner))
        .ThenBy(silo => silo.Name, StringComparer.Ordinal);
}
