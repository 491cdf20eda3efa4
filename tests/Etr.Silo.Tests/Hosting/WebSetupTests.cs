using System.Net;
using Etr.Dashboard.Access;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Hosting;

namespace Etr.Silo.Tests.Hosting;

public sealed class WebSetupTests
{
    private const string Secret = "0123456789abcdef";
    private static readonly WebAddress Loopback = new([IPAddress.Loopback], 5080, null);

    [Fact]
    public void On_loopback_without_a_proxy_nobody_has_to_sign_in() => Assert.True(Of("", "", Secret).IsOpen);

    [Fact]
    public void Proxies_are_read_and_nobody_comes_through_one_without_a_key()
    {
        AccessOptions access = Of("10.0.0.7,2001:db8::/48", "", Secret);
        Assert.Equal(["10.0.0.7/32", "2001:db8::/48"], access.Proxies.Select(proxy => proxy.ToString()));
        Assert.Equal(Secret, access.OperatorKey);
        Assert.Equal("the dashboard's own", Of("10.0.0.7", "the dashboard's own", Secret).OperatorKey);
    }

    [Theory]
    [InlineData("10.0.0.7", "no secret")]
    [InlineData("10.0.0.0/99", "is no proxy")]
    public void What_would_be_open_to_others_or_is_no_proxy_is_refused_with_the_way_out(string proxies, string way) =>
        Assert.Contains(way, Assert.Throws<CommandFailure>(() => Of(proxies, "", "")).Message, StringComparison.Ordinal);

    [Fact]
    public void Through_a_proxy_the_endpoint_asks_for_a_secret_on_loopback_too()
    {
        var host = new HostSettings { Dashboard = new DashboardSettings { Proxies = "10.0.0.7" }, Cluster = new ClusterSettings { Secret = Secret } };
        Assert.Equal("", WebSetup.SecretOf("", new HostSettings(), Loopback));
        Assert.Equal(Secret, WebSetup.SecretOf("", host, Loopback));
        Assert.Throws<CommandFailure>(() => WebSetup.SecretOf("", host with { Cluster = new ClusterSettings() }, Loopback));
    }

    private static AccessOptions Of(string proxies, string own, string cluster) => WebSetup.Access(
        new HostSettings { Cluster = new ClusterSettings { Secret = cluster }, Dashboard = new DashboardSettings { Proxies = proxies, Secret = own } }, Loopback);
}
