using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Etr.Dashboard.Access;
using Etr.Dashboard.Tests.Hosting;

namespace Etr.Dashboard.Tests.Access;

public sealed partial class SignInTests
{
    private const string OperatorKey = "correct-horse-battery";
    private const string ViewerKey = "only-looking-around";
    private static readonly AccessOptions Keys = new() { OperatorKey = OperatorKey, ViewerKey = ViewerKey };

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Without_keys_whoever_reaches_the_port_is_in()
    {
        await using var host = await DashboardHost.StartAsync();
        using HttpClient browser = Browser(host);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/", Cancellation)).StatusCode);
        Assert.Equal("figures", await browser.GetStringAsync("/metrics", Cancellation));
    }

    [Theory]
    [InlineData("/", true)]
    [InlineData("/runs/one/wall", true)]
    [InlineData("/metrics", false)]
    [InlineData("/_blazor/negotiate?negotiateVersion=1", false)]
    public async Task With_keys_pages_lead_to_the_sign_in_and_programs_are_refused(string path, bool page)
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient browser = Browser(host);
        using var request = new HttpRequestMessage(path.StartsWith("/_blazor", StringComparison.Ordinal) ? HttpMethod.Post : HttpMethod.Get, path);
        if (page)
            request.Headers.Accept.ParseAdd("text/html");
        HttpResponseMessage answer = await browser.SendAsync(request, Cancellation);
        Assert.Equal(page ? HttpStatusCode.Redirect : HttpStatusCode.Unauthorized, answer.StatusCode);
        if (page)
            Assert.Equal("/sign-in?to=" + Uri.EscapeDataString(path), answer.Headers.Location!.PathAndQuery);
    }

    [Fact]
    public async Task A_key_is_traded_for_a_cookie_that_no_script_reads_and_no_other_site_sends()
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient browser = Browser(host);
        HttpResponseMessage answer = await SignInAsync(browser, OperatorKey, "/runs/one");
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal("/runs/one", answer.Headers.Location!.OriginalString);
        string cookie = answer.Headers.GetValues("Set-Cookie").Single(value => value.StartsWith("etr=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("samesite=lax", cookie, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(OperatorKey, cookie, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_form_from_elsewhere_signs_nobody_in()
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient browser = Browser(host);
        HttpResponseMessage answer = await browser.PostAsync("/sign-in", new FormUrlEncodedContent([new("key", OperatorKey)]), Cancellation);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Keys_cannot_be_guessed()
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient browser = Browser(host);
        for (int i = 0; i < FailedSignIns.PerMinute; i++)
            Assert.Equal(HttpStatusCode.Unauthorized, (await SignInAsync(browser, $"guess number {i}", "/")).StatusCode);
        HttpResponseMessage last = await SignInAsync(browser, OperatorKey, "/");
        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(60), last.Headers.RetryAfter!.Delta);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", OperatorKey);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.SendAsync(request, Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_key_for_something_that_is_open_here_is_no_guess()
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient program = Browser(host);
        program.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "a key of another kind");
        for (int i = 0; i <= FailedSignIns.PerMinute; i++)
            Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/assets/etr.css", Cancellation)).StatusCode);
        program.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", OperatorKey);
        Assert.Equal(HttpStatusCode.OK, (await program.GetAsync("/metrics", Cancellation)).StatusCode);
    }

    [Theory]
    [InlineData(OperatorKey, HttpStatusCode.OK)]
    [InlineData(ViewerKey, HttpStatusCode.OK)]
    [InlineData("neither of the two", HttpStatusCode.Unauthorized)]
    public async Task Programs_send_a_key_as_a_bearer_token(string key, HttpStatusCode expected)
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient program = Browser(host);
        program.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        Assert.Equal(expected, (await program.GetAsync("/metrics", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task A_key_in_an_address_is_traded_for_a_cookie_and_leaves_the_address()
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient browser = Browser(host);
        HttpResponseMessage answer = await browser.GetAsync($"/runs/one/wall?sort=length&secret={ViewerKey}", Cancellation);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal("/runs/one/wall?sort=length", answer.Headers.Location!.OriginalString);
        Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/runs/one/wall", Cancellation)).StatusCode);
    }

    [Theory]
    [InlineData("https://elsewhere.example/")]
    [InlineData("//elsewhere.example/")]
    [InlineData("/\\elsewhere.example/")]
    [InlineData("javascript:alert(1)")]
    public async Task Nobody_is_sent_to_another_server_after_signing_in(string to)
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient browser = Browser(host);
        Assert.Equal("/", (await SignInAsync(browser, OperatorKey, to)).Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task Who_signs_out_is_out()
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient browser = Browser(host);
        await SignInAsync(browser, OperatorKey, "/");
        HttpResponseMessage page = await browser.GetAsync("/sign-in", Cancellation);
        HttpResponseMessage answer = await browser.PostAsync("/sign-out", new FormUrlEncodedContent([new("__RequestVerificationToken", Token(await page.Content.ReadAsStringAsync(Cancellation)))]), Cancellation);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/metrics", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task No_page_runs_a_script_that_is_written_into_it()
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient browser = Browser(host);
        HttpResponseMessage signIn = await browser.GetAsync("/sign-in?to=%22%3E%3Cscript%3Ealert(1)%3C/script%3E", Cancellation);
        await SignInAsync(browser, OperatorKey, "/");
        foreach (HttpResponseMessage page in (HttpResponseMessage[])[signIn, await browser.GetAsync("/", Cancellation)])
        {
            string policy = page.Headers.GetValues("Content-Security-Policy").Single();
            Assert.Contains("script-src 'self';", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
            Assert.DoesNotContain("alert(1)", await page.Content.ReadAsStringAsync(Cancellation), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Sign_ins_are_noted_with_their_outcome_and_without_the_key()
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("etr-audit-").FullName, "audit.jsonl");
        await using (var host = await DashboardHost.StartAsync(access: Keys with { AuditFile = file }))
        {
            using HttpClient browser = Browser(host);
            await SignInAsync(browser, "not the key at all", "/");
            await SignInAsync(browser, ViewerKey, "/");
        }

        string[] lines = await File.ReadAllLinesAsync(file, Cancellation);
        Assert.Equal(2, lines.Length);
        Assert.Contains("\"outcome\":\"a wrong key\"", lines[0], StringComparison.Ordinal);
        Assert.Contains("\"role\":\"viewer\",\"action\":\"sign-in\"", lines[1], StringComparison.Ordinal);
        Assert.All(lines, line => Assert.DoesNotContain("key at all", line, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("//elsewhere.example", OperatorKey)]
    [InlineData("//elsewhere.example", "not a key of this one")]
    [InlineData("///elsewhere.example/a", "not a key of this one")]
    public async Task A_key_in_an_address_leads_nobody_to_another_server(string path, string key)
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient browser = Browser(host);
        HttpResponseMessage answer = await browser.GetAsync(new Uri($"{host.Address}{path}?secret={key}"), Cancellation);
        Assert.Equal((HttpStatusCode.Redirect, "/"), (answer.StatusCode, answer.Headers.Location!.OriginalString));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Wrong_keys_of_programs_and_in_addresses_are_noted_and_no_more_of_them_than_are_looked_at(bool bearer)
    {
        string file = Path.Combine(Directory.CreateTempSubdirectory("etr-audit-").FullName, "audit.jsonl");
        await using (var host = await DashboardHost.StartAsync(access: Keys with { AuditFile = file }))
        {
            using HttpClient program = Browser(host);
            if (bearer)
                program.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "not the key at all");
            for (int i = 0; i < FailedSignIns.PerMinute + 3; i++)
                await program.GetAsync(bearer ? "/metrics" : "/?secret=not+the+key+at+all", Cancellation);
        }

        string[] lines = await File.ReadAllLinesAsync(file, Cancellation);
        Assert.Equal(FailedSignIns.PerMinute, lines.Length);
        Assert.All(lines, line => Assert.Contains($"\"target\":\"{(bearer ? "bearer" : "address")}\",\"outcome\":\"a wrong key\"", line, StringComparison.Ordinal));
        Assert.All(lines, line => Assert.DoesNotContain("key at all", line, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_provider_there_is_no_way_to_one()
    {
        await using var host = await DashboardHost.StartAsync(access: Keys);
        using HttpClient browser = Browser(host);
        Assert.Equal(HttpStatusCode.NotFound, (await browser.GetAsync("/sign-in/openid", Cancellation)).StatusCode);
    }

    [Fact]
    public async Task Two_hosts_on_one_machine_do_not_throw_each_other_out()
    {
        await using var one = await DashboardHost.StartAsync(access: Keys with { Id = "5080" });
        await using var other = await DashboardHost.StartAsync(access: Keys with { Id = "5081" });
        // A browser's jar does not tell ports apart.
        var jar = new CookieContainer();
        using HttpClient first = Browser(one, jar), second = Browser(other, jar);
        await SignInAsync(first, OperatorKey, "/");
        Assert.Equal(HttpStatusCode.Redirect, (await SignInAsync(second, ViewerKey, "/")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await first.GetAsync("/metrics", Cancellation)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await second.GetAsync("/metrics", Cancellation)).StatusCode);
        Assert.Contains(jar.GetAllCookies(), cookie => cookie.Name == "etr-form-5081");
    }

    private static HttpClient Browser(DashboardHost host, CookieContainer jar) =>
        new(new HttpClientHandler { AllowAutoRedirect = false, CookieContainer = jar }) { BaseAddress = new Uri(host.Address) };

    private static HttpClient Browser(DashboardHost host) =>
        new(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(host.Address) };

    private static async Task<HttpResponseMessage> SignInAsync(HttpClient browser, string key, string to)
    {
        string page = await browser.GetStringAsync("/sign-in", Cancellation);
        return await browser.PostAsync("/sign-in", new FormUrlEncodedContent([new("key", key), new("to", to), new("__RequestVerificationToken", Token(page))]), Cancellation);
    }

    private static string Token(string page) => WebUtility.HtmlDecode(Verification().Match(page).Groups[1].Value);

    [GeneratedRegex("name=\"__RequestVerificationToken\" value=\"([^\"]+)\"")]
    private static partial Regex Verification();
}
