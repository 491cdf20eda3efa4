using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Runs;
using Etr.Grains.Waits;
using static Microsoft.Playwright.Assertions;

namespace Etr.Dashboard.Tests.Browser;

[Collection(nameof(BrowserTests))]
public sealed class StateTests(Chromium chromium)
{
    [Fact]
    public async Task A_first_run_appears_by_itself_where_there_was_none()
    {
        await using var host = await DashboardHost.StartAsync();
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync(host.Address);
        await Expect(page.GetByText("No run yet")).ToBeVisibleAsync();

        host.Runs.Pool = Samples.Pool();
        host.Runs.Status = Samples.Status(step: 0);
        host.Runs.Entries = [Samples.Entry()];

        await Expect(page.Locator(".health")).ToContainTextAsync("The first step is being drawn");
    }

    [Fact]
    public async Task Grains_that_do_not_answer_are_told_of_and_the_last_figures_stay()
    {
        await using var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status();
        host.Runs.Steps = [Samples.Step(1), Samples.Step(2)];
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}");
        await page.WaitForSelectorAsync(".tile .spark");

        host.Runs.Status = null;

        await Expect(page.GetByRole(Microsoft.Playwright.AriaRole.Alert).GetByText("do not answer")).ToBeVisibleAsync();
        await Expect(page.GetByText("What is shown is")).ToBeVisibleAsync();
        // What is read out must not change each second.
        await Expect(page.GetByRole(Microsoft.Playwright.AriaRole.Alert).GetByText("What is shown is")).ToHaveCountAsync(0);
        await Expect(page.Locator(".tile .spark").First).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_run_that_ended_and_one_that_never_was_are_told_apart()
    {
        await using var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Status = Samples.Status(RunState.Completed, step: 60) with { Reason = "nearly every group had no signal left" };
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}");
        await Expect(page.Locator(".health")).ToContainTextAsync("The run has ended after 60 steps. Nearly every group");

        host.Runs.Status = Samples.Status(RunState.Unknown);
        await page.GotoAsync($"{host.Address}/runs/another");
        await Expect(page.GetByText("There is no run called another")).ToBeVisibleAsync();
    }

    [Fact]
    public async Task A_long_wait_says_for_what_and_until_when()
    {
        await using var host = await DashboardHost.StartAsync();
        host.Runs.Entries = [Samples.Entry()];
        host.Runs.Pool = Samples.Pool();
        host.Runs.Status = Samples.Status() with
        {
            Waits = [new Wait { Who = "group 17", What = "a free sampler slot: all 128 slots are taken", Seconds = 41, DeadlineSeconds = 19 }],
        };
        var page = await chromium.OpenAsync(host);
        await page.GotoAsync($"{host.Address}/runs/{Samples.Run}");

        await Expect(page.Locator(".health")).ToContainTextAsync("Group 17 has waited 41 s for a free sampler slot: all 128 slots are taken; it acts by itself in 19 s.");
        await Expect(page.GetByRole(Microsoft.Playwright.AriaRole.Status).First).ToContainTextAsync("Group 17 has waited");
    }
}
