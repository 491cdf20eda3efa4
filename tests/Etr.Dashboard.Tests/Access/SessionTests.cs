using System.Net;
using System.Security.Claims;
using Bunit;
using Bunit.TestDoubles;
using Etr.Dashboard.Access;
using Etr.Dashboard.Tests.Hosting;
using Microsoft.AspNetCore.Components.Authorization;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Dashboard.Tests.Access;

public sealed class SessionTests
{
    private static readonly AccessOptions Keys = new() { OperatorKey = "correct-horse-battery", ViewerKey = "only-looking-around" };

    private static CancellationToken Cancellation => Xunit.TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_session_ends_after_twelve_hours_however_busy_it_is()
    {
        var time = new FakeTimeProvider(DateTimeOffset.UnixEpoch.AddYears(50));
        await using var host = await DashboardHost.StartAsync(access: Keys, time: time);
        using HttpClient browser = Browser(host, new CookieContainer());
        await browser.GetAsync($"/?secret={Keys.OperatorKey}", Cancellation);
        for (int hour = 0; hour < 12; hour++)
        {
            Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/metrics", Cancellation)).StatusCode);
            time.Advance(TimeSpan.FromHours(1));
        }

        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/metrics", Cancellation)).StatusCode);
    }

    [Theory]
    [InlineData("correct-horse-battery", "only-looking-around", HttpStatusCode.OK)]
    [InlineData("another-horse-battery", "only-looking-around", HttpStatusCode.Unauthorized)]
    [InlineData("", "only-looking-around", HttpStatusCode.Unauthorized)]
    [InlineData("correct-horse-battery", "another-that-looks-around", HttpStatusCode.OK)]
    public async Task A_session_ends_with_the_key_that_it_came_by(string operatorKey, string viewerKey, HttpStatusCode afterwards)
    {
        // What seals cookies outlives a restart, as it does in a silo's home.
        var protection = new EphemeralDataProtectionProvider();
        var jar = new CookieContainer();
        await using (var before = await DashboardHost.StartAsync(access: Keys, protection: protection))
        {
            using HttpClient browser = Browser(before, jar);
            await browser.GetAsync($"/?secret={Keys.OperatorKey}", Cancellation);
            Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/metrics", Cancellation)).StatusCode);
        }

        await using var after = await DashboardHost.StartAsync(access: new AccessOptions { OperatorKey = operatorKey, ViewerKey = viewerKey }, protection: protection);
        using HttpClient later = Browser(after, jar);
        Assert.Equal(afterwards, (await later.GetAsync("/metrics", Cancellation)).StatusCode);
    }

    [Theory]
    [InlineData("https://login.example.org", "etr-operator", true)]
    [InlineData("https://login.example.com", "etr-operator", false)]
    [InlineData("https://login.example.org", "etr-boss", false)]
    [InlineData("", "", false)]
    public void A_session_by_a_provider_ends_with_it_and_with_what_its_roles_mean(string authority, string operatorRole, bool stands)
    {
        Sessions Of(string authority, string role) => new(
            Keys with { OpenId = authority.Length == 0 ? null : new OpenIdOptions { Authority = authority, ClientId = "etr", OperatorRole = role } }, TimeProvider.System);
        ClaimsPrincipal person = Of("https://login.example.org", "etr-operator").ByProvider("Ada", AccessRoles.Operator, "test");
        Assert.Equal(stands, Of(authority, operatorRole).Stands(person));
    }

    [Fact]
    public void A_viewer_s_session_makes_no_operator_and_one_without_an_end_is_none()
    {
        var sessions = new Sessions(Keys, TimeProvider.System);
        ClaimsPrincipal viewer = sessions.ByKey("Bob", AccessRoles.Viewer, "test");
        Assert.True(sessions.Stands(viewer));
        ((ClaimsIdentity)viewer.Identity!).AddClaim(new Claim(ClaimTypes.Role, AccessRoles.Operator));
        Assert.False(sessions.Stands(viewer));
        Assert.False(sessions.Stands(AccessRoles.Person("Ada", AccessRoles.Operator, "test")));
    }

    [Fact]
    public async Task An_open_circuit_s_person_is_looked_at_again()
    {
        var time = new FakeTimeProvider();
        AccessOptions options = Keys with { CircuitCheck = TimeSpan.FromMilliseconds(1) };
        var sessions = new Sessions(options, time);
        using var people = new CircuitPeople(options, sessions, NullLoggerFactory.Instance);
        people.SetAuthenticationState(Task.FromResult(new AuthenticationState(sessions.ByKey("Ada", AccessRoles.Operator, "test"))));
        Assert.True((await people.GetAuthenticationStateAsync()).User.Identity!.IsAuthenticated);

        var changed = new TaskCompletionSource<AuthenticationState>(TaskCreationOptions.RunContinuationsAsynchronously);
        people.AuthenticationStateChanged += async state => changed.TrySetResult(await state);
        time.Advance(Sessions.Length);

        Assert.NotEqual(true, (await changed.Task.WaitAsync(TimeSpan.FromSeconds(30), Cancellation)).User.Identity?.IsAuthenticated);
    }

    [Fact]
    public async Task Every_circuit_has_its_person_looked_at()
    {
        foreach (bool accessFirst in (bool[])[true, false])
        {
            var services = new ServiceCollection();
            services.AddLogging();
            if (accessFirst)
                services.AddEtrAccess(Keys).AddEtrDashboard();
            else
                services.AddEtrDashboard().AddEtrAccess(Keys);
            await using ServiceProvider provider = services.BuildServiceProvider();
            await using AsyncServiceScope circuit = provider.CreateAsyncScope();
            Assert.IsType<CircuitPeople>(circuit.ServiceProvider.GetRequiredService<AuthenticationStateProvider>());
        }
    }

    [Fact]
    public async Task A_page_whose_session_ends_leads_to_the_sign_in_and_its_circuit_ends_where_the_browser_stays()
    {
        var time = new FakeTimeProvider();
        await using var browser = new BunitContext();
        browser.Services.AddSingleton(Keys).AddSingleton<TimeProvider>(time).AddSingleton<AntiforgeryStateProvider, NoForms>();
        BunitAuthorizationContext people = browser.AddAuthorization().SetAuthorized("Ada");
        var navigation = browser.Services.GetRequiredService<BunitNavigationManager>();
        navigation.NavigateTo("runs/one?at=3");
        browser.Render<WhoIsIn>();

        people.SetNotAuthorized();

        Assert.Equal("/sign-in?to=" + Uri.EscapeDataString("/runs/one?at=3"), navigation.History.First().Uri);
        Assert.True(navigation.History.First().Options.ForceLoad);
        time.Advance(TimeSpan.FromSeconds(5));
        Assert.Contains("session has ended", (await browser.Renderer.UnhandledException.WaitAsync(Cancellation)).Message, StringComparison.Ordinal);
    }

    private static HttpClient Browser(DashboardHost host, CookieContainer jar) =>
        new(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = jar }) { BaseAddress = new Uri(host.Address) };

    private sealed class NoForms : AntiforgeryStateProvider
    {
        public override AntiforgeryRequestToken? GetAntiforgeryToken() => null;
    }
}
