using Etr.Grains.Silos;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Hosting;

namespace Etr.Silo.Tests.Hosting;

public sealed class SiloPlaceTests
{
    private const string Secret = "0123456789abcdef";

    [Fact]
    public void Alone_a_silo_does_everything_on_loopback()
    {
        var place = SiloPlace.Of(new ClusterSettings());

        Assert.Equal(SiloRoles.All, place.Roles);
        Assert.Equal("127.0.0.1", place.Advertise.ToString());
        Assert.Null(place.Store);
    }

    [Fact]
    public void One_that_joins_hosts_no_store()
    {
        var place = SiloPlace.Of(new ClusterSettings { Join = "10.0.0.1:7000", Secret = Secret });

        Assert.Equal(SiloRoles.Sampler | SiloRoles.Learner | SiloRoles.Dashboard, place.Roles);
        Assert.Equal("10.0.0.1:7000", place.Store!.Endpoint);
        Assert.Equal(Secret, place.Store.Secret);
    }

    [Theory]
    [InlineData("10.0.0.2", "", "all", "", false, "Etr:Cluster:Secret")]
    [InlineData("0.0.0.0", Secret, "all", "", false, "every address")]
    [InlineData("127.0.0.1", "", "sampler", "", false, "--join HOST:PORT")]
    [InlineData("127.0.0.1", "", "store,sampler", "127.0.0.1:7000", false, "exclude each other")]
    [InlineData("127.0.0.1", "", "all", "", true, "speaks no TLS")]
    public void What_cannot_be_is_refused_with_the_way_out(string advertise, string secret, string roles, string join, bool tls, string hint)
    {
        var settings = new ClusterSettings { Advertise = advertise, Secret = secret, Roles = roles, Join = join, Tls = tls };

        Assert.Contains(hint, Assert.Throws<CommandFailure>(() => SiloPlace.Of(settings)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_address_never_shows_its_secret() =>
        Assert.DoesNotContain(Secret, $"{SiloPlace.Of(new ClusterSettings { Redis = "r:1", Secret = Secret }).Store}", StringComparison.Ordinal);
}
