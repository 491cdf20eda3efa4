using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etr.Dashboard.Access;
using Etr.Dashboard.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

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

    [Fact]
    public void Provider_store_certificate_and_proxies_come_from_the_environment()
    {
        string pem = Path.Combine(Directory.CreateTempSubdirectory("etr-certificate-").FullName, "pages.pem");
        using (var key = RSA.Create(2048))
        {
            using X509Certificate2 made = new CertificateRequest("CN=pages", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(1));
            File.WriteAllText(pem, made.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem());
        }

        var settings = Of(
            ("Etr__Cluster__Tls", "true"), ("Etr__Dashboard__Certificate", pem), ("Etr__Dashboard__Proxies", "10.0.0.7"),
            ("Etr__Dashboard__OpenId__Authority", "https://login.example.org"), ("Etr__Dashboard__OpenId__ViewerRole", "staff"));

        Assert.True(settings.Tls);
        Assert.True(settings.Certificate!.HasPrivateKey);
        Assert.Equal("10.0.0.7/32", settings.Access.Proxies.Single().ToString());
        Assert.Equal(new OpenIdOptions { Authority = "https://login.example.org", ClientId = "etr", ViewerRole = "staff" }, settings.Access.OpenId);
        Assert.Equal("client-5081", settings.Access.Id);
        settings.Certificate.Dispose();
    }

    [Theory]
    [InlineData("Etr__Cluster__Tls", "perhaps", "true or false")]
    [InlineData("Etr__Cluster__Certificate", "/a/silo.pem", "-p:OrleansTls=true")]
    [InlineData("Etr__Dashboard__Certificate", "/nowhere/pages.pem", "cannot be read")]
    [InlineData("Etr__Dashboard__Proxies", "nobody", "is no proxy")]
    [InlineData("Etr__Dashboard__Proxies", "10.0.0.7", "a proxy passes others on")]
    [InlineData("Etr__Dashboard__OpenId__Authority", "http://login.example.org", "https")]
    public void What_this_program_cannot_do_is_refused_and_not_left_out(string name, string value, string way) =>
        Assert.Contains(way, Assert.Throws<ArgumentException>(() => Of((name, value))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Without_an_audit_file_every_action_is_a_line_of_the_log()
    {
        await using WebApplication app = DashboardClient.Build(Of("127.0.0.1:21207", "127.0.0.1"));
        Assert.True(app.Services.GetRequiredService<ILogger<AuditLog>>().IsEnabled(LogLevel.Information));
        Assert.False(app.Services.GetRequiredService<ILogger<ClientSettingsTests>>().IsEnabled(LogLevel.Information));
    }

    private static ClientSettings Of(params (string Name, string Value)[] environment) =>
        ClientSettings.Of("box:21207", "etr", "127.0.0.1", 5081, name => environment.FirstOrDefault(entry => entry.Name == name).Value);

    private static ClientSettings Of(string join, string host, string secret = "") =>
        ClientSettings.Of(join, "etr", host, 5081, name => name == "Etr__Dashboard__Secret" ? secret : null);
}
