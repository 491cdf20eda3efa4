using System.Globalization;
using Microsoft.Playwright;
using static Microsoft.Playwright.Assertions;

namespace Etr.Cluster.Tests.Dashboards;

/// <summary>What a page is driven by; whatever comes from the other hand is a complaint.</summary>
internal enum Hand
{
    /// <summary>Keys alone.</summary>
    Keyboard,

    /// <summary>The pointer alone.</summary>
    Mouse,
}

/// <summary>A page of the live run, with what tests do on it and what is to be seen on every page.</summary>
internal sealed class LivePage : IAsyncDisposable
{
    // Well above the controls of any page: a table's links among them.
    private const int MostTabs = 150;
    private readonly List<string> _complaints = [];
    private readonly LiveRun _live;

    private LivePage(IPage page, LiveRun live) => (Page, _live) = (page, live);

    /// <summary>The browser's page.</summary>
    public IPage Page { get; }

    /// <summary>The silos that sample.</summary>
    public IReadOnlyList<string> Samplers => [.. _live.Samplers.Select(silo => silo.Name)];

    /// <summary>The run beside this one.</summary>
    public string Ended => _live.Ended;

    /// <summary>Opens a view and waits until it knows where the run stands.</summary>
    public static async Task<LivePage> OpenAsync(IPage page, LiveRun live, string path, Hand hand)
    {
        var opened = new LivePage(page, live);
        page.Console += (_, message) =>
        {
            if (message.Type is "error" or "warning")
                opened._complaints.Add(message.Text);
        };
        page.PageError += (_, error) => opened._complaints.Add(error);

        // Shift goes with the pointer.
        string[] others = hand == Hand.Keyboard ? ["pointerdown", "pointermove", "wheel"] : ["keydown"];
        foreach (string other in others)
            await page.AddInitScriptAsync($"addEventListener('{other}', event => event.isTrusted && event.key !== 'Shift' && console.error('the other hand: {other}'), true)");
        await opened.GoAsync(path);
        return opened;
    }

    /// <summary>Goes to a view by its address.</summary>
    public async Task GoAsync(string path)
    {
        await Page.GotoAsync(Link(path));
        await Expect(Page.Locator(".vitals")).ToContainTextAsync("running");
    }

    /// <summary>The address of a view.</summary>
    public string Link(string path) => $"{_live.Address}/runs/{_live.Run}{path}";

    /// <summary>Presses keys one after the other, wherever the focus is.</summary>
    public async Task PressAsync(params string[] keys)
    {
        foreach (string key in keys)
            await Page.Keyboard.PressAsync(key);
    }

    /// <summary>Goes from control to control with the tab key until one has the focus, and presses keys there.</summary>
    public async Task TabToAsync(ILocator control, params string[] keys)
    {
        await Expect(control).ToBeVisibleAsync();
        for (int tabs = 0; !await control.EvaluateAsync<bool>("element => element === document.activeElement"); tabs++)
        {
            Assert.True(tabs < MostTabs, $"the tab key does not reach {control}");
            await Page.Keyboard.PressAsync("Tab");
        }

        await PressAsync(keys);
    }

    /// <summary>Waits for a step that had not been committed when it was asked for, without the page being loaded again.</summary>
    public async Task SeesNewStepsAsync()
    {
        const string Step = "parseInt([...document.querySelectorAll('.vitals dt')].find(name => name.textContent === 'Step')?.nextElementSibling.textContent)";
        IJSHandle before = await Page.WaitForFunctionAsync($"() => {Step}");
        await UntilAsync($"{Step} > {(await before.JsonValueAsync<int>()).ToString(CultureInfo.InvariantCulture)}");
    }

    /// <summary>Waits until a script's condition holds.</summary>
    public Task UntilAsync(string condition) => Page.WaitForFunctionAsync($"() => ({condition})");

    /// <summary>Waits until the accessor of a picture is there and a condition on its state holds: <c>etrWall</c>, <c>etrCharts</c>, <c>etrScatter</c> or <c>etrHeat</c>.</summary>
    public Task UntilAsync(string picture, string condition) =>
        Page.WaitForFunctionAsync($"() => {{ const state = window.{picture}?.state(); return state && ({condition}); }}");

    /// <summary>Waits for a view's address, with parameters among whatever else it has.</summary>
    /// <param name="path">What follows the run.</param>
    /// <param name="parameters">Each as <c>name=value</c>.</param>
    public async Task IsAtAsync(string path, params string[] parameters)
    {
        string[] wanted = [new Uri(Link(path)).AbsolutePath, .. parameters];
        try
        {
            await Page.WaitForFunctionAsync(
                "([path, ...wanted]) => location.pathname === path && wanted.every(each => [...new URLSearchParams(location.search)].some(pair => pair.join('=') === each))", wanted);
        }
        catch (TimeoutException)
        {
            Assert.Fail($"the page is at {Page.Url}, not at {string.Join(' ', wanted)}");
        }
    }

    /// <summary>Clicks a link by its whole name.</summary>
    public Task FollowAsync(string link) => Page.GetByRole(AriaRole.Link, new() { Name = link, Exact = true }).ClickAsync();

    /// <summary>A button by its whole name.</summary>
    public ILocator Button(string name) => Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });

    /// <summary>The rows of a table by the name of its region.</summary>
    public ILocator Rows(string table) => Region(table).Locator("tbody tr");

    /// <summary>A region by its whole name.</summary>
    public ILocator Region(string name) => Page.GetByRole(AriaRole.Region, new() { Name = name, Exact = true });

    /// <summary>Holds the page to no error, no warning, no broken policy, and nothing done by the other hand.</summary>
    public void HasNothingToComplainOf() =>
        Assert.True(_complaints.Count == 0, $"{string.Join('\n', _complaints)}{(_complaints.Count > 0 ? _live.Cluster.Transcripts() : "")}");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Page.Context.DisposeAsync();
}
