using Etr.Dashboard.Client;

namespace Etr.Dashboard.Tests.Client;

public sealed class ClientSettingsTests
{
    [Fact]
    public void On_loopback_nobody_has_to_sign_in()
    {
        ClientSettings settings = Of("127.0.0.1:21207", "127.0.0.1");
        Assert.True(settings.Access.IsOpen);
        Assert.Equal(("127.0.0.1:21207", "etr", 5081), (settings.Join, settings.ClusterId, settings.Port));
    }

    [Theory]
    [InlineData("box", "127.0.0.1", "", "HOST:PORT")]
    [InlineData("box:0", "127.0.0.1", "", "HOST:PORT")]
    [InlineData(":21207", "127.0.0.1", "", "HOST:PORT")]
    [InlineData("box:21207", "nowhere", "", "an IP address or localhost")]
    [InlineData("box:21207", "0.0.0.0", "", "Etr__Dashboard__Secret")]
    [InlineData("box:21207", "0.0.0.0", "short", "16 characters")]
    public void What_cannot_be_or_would_be_open_to_others_is_refused_with_the_way_out(string join, string host, string secret, string way) =>
        Assert.Contains(way, Assert.Throws<ArgumentException>(() => Of(join, host, secret)).Message, StringComparison.Ordinal);

    [Fact]
    public void Keys_come_from_the_environment()
    {
        ClientSettings settings = Of("box:21207", "0.0.0.0", "correct-horse-battery");
        Assert.False(settings.Access.IsOpen);
        Assert.Equal("correct-horse-battery", settings.Access.OperatorKey);
    }

    private static ClientSettings Of(string join, string host, string secret = "") =>
        ClientSettings.Of(join, "etr", host, 5081, name => name == "Etr__Dashboard__Secret" ? secret : null);
}
