using Etr.Dashboard.Tests.Hosting;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class HostileTextTests(Chromium chromium)
{
    private const string Script = "<script>window.owned = 1</script><img src=x onerror='window.owned = 2'>";

    [Fact]
    public async Task Text_of_models_is_shown_and_never_run()
    {
        await using var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status() with { Reason = Script };
        host.Runs.Prompts[3] = Samples.Prompt(3, text: "\u202Ereversed\u202C \u0007 " + Script) with { Category = Script };
        host.Runs.Groups[40] = Samples.Group(3, texts: _ => [Script, "\"'><b>", "\u200B", "\u2066", "\0", "]]>", "\n\n", "end"]);
        var page = await chromium.OpenAsync(host);

        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/prompts/3");
        await page.WaitForSelectorAsync(".tokens .t");

        var shown = await page.Locator(".tokens .step-text").First.TextContentAsync();
        Assert.Equal(Script + "\"'><b>‹U+200B›‹U+2066›␀]]>⏎⏎", shown);
        Assert.StartsWith("‹U+202E›reversed‹U+202C› ␇", await page.Locator("pre.asked").TextContentAsync(), StringComparison.Ordinal);
        await page.Locator(".tokens .t").First.HoverAsync();
        await page.WaitForFunctionAsync("() => document.querySelector('#token-readout').textContent.includes('<script>')");
        Assert.True(await page.EvaluateAsync<bool>("() => window.owned === undefined && document.querySelectorAll('.tokens img, .tokens b:not(.step-head b)').length === 0"));
    }

    [Fact]
    public async Task A_prompt_and_a_trace_of_a_megabyte_are_shown_to_their_ends()
    {
        string megabyte = Script + new string('x', 1 << 20) + "END";
        await using var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status();
        host.Runs.Prompts[3] = Samples.Prompt(3, text: megabyte);
        host.Runs.Groups[40] = Samples.Group(3, texts: _ => ["short", "\n\n", megabyte, "\n\n"]);
        var page = await chromium.OpenAsync(host);

        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}/prompts/3");
        await page.WaitForFunctionAsync("() => document.querySelector('pre.asked')?.textContent.endsWith('END')");
        await page.WaitForFunctionAsync("() => document.querySelector('.tokens')?.textContent.includes('xEND')");
        Assert.True(await page.EvaluateAsync<bool>("() => window.owned === undefined && document.scrollingElement.scrollWidth <= document.documentElement.clientWidth"));
    }

    [Theory]
    [InlineData("/faults", ".timeline")]
    [InlineData("/cluster", ".gantt")]
    [InlineData("/compare?all=1", ".plot canvas")]
    [InlineData("/training", ".plot canvas")]
    [InlineData("/trend", ".plot canvas")]
    [InlineData("/wall?view=table", "tbody tr")]
    public async Task Names_and_reasons_are_shown_and_never_run(string path, string content)
    {
        const string Hostile = "\u202Ereversed\u202C \u001B[31mred\u0007 " + Script;
        await using var host = await DashboardHost.StartAsync();
        Etr.Dashboard.Tests.Hosting.Script.Lively(host);
        var megabyte = Hostile + new string('x', 1 << 20);
        host.Runs.Entries = [Samples.Entry() with { Shaper = Hostile }, Samples.Entry(Hostile)];
        host.Runs.Silos = [.. host.Runs.Silos!, new(Hostile, default, Hostile, "", [Hostile], Hostile)];
        host.Runs.Pool = host.Runs.Pool! with { Samplers = [host.Runs.Pool.Samplers[0] with { Sampler = Hostile + "/cpu", Device = Hostile }] };
        host.Runs.Status = host.Runs.Status! with
        {
            Alarms = [new(Hostile, 100, "warn", megabyte)],
            Waits = [new() { Who = Hostile, What = Hostile, Seconds = 1, DeadlineSeconds = 1 }],
        };
        host.Runs.Steps = [.. host.Runs.Steps.Select(step => step with { Shapers = [new(Hostile, 1, 0.5, 0.5), new("b", 0, 0, 0)] })];
        host.Runs.Prompts[0] = host.Runs.Prompts[0] with { Category = Hostile, Id = Hostile };
        host.Feed.Publish(Samples.Event(Etr.Grains.Feed.RolloutEventKind.Fault, 3, ordinal: 9) with { Text = "group 9: " + megabyte });
        var page = await chromium.OpenAsync(host);

        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}{path}");
        await page.WaitForSelectorAsync(content);
        await page.WaitForSelectorAsync(".vitals");
        await page.WaitForFunctionAsync("() => document.body.innerText.includes('‹U+202E›reversed‹U+202C› ␛[31mred␇ <script>') || [...document.querySelectorAll('option')].some(option => option.textContent.includes('‹U+202E›reversed'))");

        Assert.True(await page.EvaluateAsync<bool>("() => window.owned === undefined && !/[\\u202A-\\u202E\\u2066-\\u2069\\u001B\\u0007]/.test(document.body.innerText) && document.querySelectorAll('main script, main img').length === 0"));
        Assert.InRange(await page.EvaluateAsync<int>("() => document.scrollingElement.scrollWidth"), 1, 1280);
    }
}
