using System.Net;

namespace Etr.Dashboard.Tests.Hosting;

public sealed class EmbeddedAssetsTests
{
    [Theory]
    [InlineData("assets/etr.css", "text/css")]
    [InlineData("_framework/blazor.web.js", "text/javascript")]
    public async Task Assets_come_from_the_assembly_and_are_revalidated_by_tag(string path, string type)
    {
        await using var host = await DashboardHost.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(host.Address) };

        using var first = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal(type, first.Content.Headers.ContentType?.MediaType);

        using var again = new HttpRequestMessage(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var second = await client.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotModified, second.StatusCode);
    }

    [Fact]
    public async Task Pages_allow_nothing_but_their_own_server()
    {
        await using var host = await DashboardHost.StartAsync();
        using var client = new HttpClient { BaseAddress = new Uri(host.Address) };

        using var page = await client.GetAsync(new Uri("/", UriKind.Relative), TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        var policy = string.Join(' ', page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("script-src 'self'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
    }
}
