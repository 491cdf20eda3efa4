using Bunit;
using Etr.Dashboard.Access;
using Etr.Dashboard.Control;
using Etr.Dashboard.Tests.Access;
using Etr.Dashboard.Tests.Hosting;
using Etr.Grains.Runs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace Etr.Dashboard.Tests.Control;

public sealed class ActionsTests : IDisposable
{
    private readonly ScriptedActions _cluster = new();
    private readonly List<string> _audit = [];
    private readonly FakeTimeProvider _time = new();

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task An_operator_acts_and_every_action_is_noted()
    {
        Actions actions = For(AccessRoles.Operator);
        Assert.True((await actions.PauseAsync("one")).Done);
        Assert.True((await actions.ResumeAsync("one")).Done);
        Assert.True((await actions.StopAsync("one")).Done);
        Assert.True((await actions.DrainAsync("box-1")).Done);
        (string run, ActionOutcome outcome) = await actions.StartAsync("{ \"Run\": { \"Steps\": 3 } }");
        Assert.Equal(("new-run", true), (run, outcome.Done));
        Assert.Equal(
            ["pause one: paused from the dashboard by Ada", "resume one", "stop one: stopped from the dashboard by Ada", "drain box-1: the dashboard asked for it, for Ada", "start True"],
            _cluster.Done);
        Assert.Equal(["Ada pause one: done", "Ada resume one: done", "Ada stop one: done", "Ada drain box-1: done", "Ada start new-run: done"], _audit);
    }

    [Fact]
    public async Task A_viewer_does_nothing_whatever_a_page_shows()
    {
        Actions actions = For(AccessRoles.Viewer);
        Assert.False(await actions.MayActAsync());
        Assert.False((await actions.StopAsync("one")).Done);
        Assert.False((await actions.StartAsync("{}")).Outcome.Done);
        Assert.Empty(_cluster.Done);
        Assert.Equal(["Ada stop one: refused: a viewer may not act", "Ada start : refused: a viewer may not act"], _audit);
    }

    [Fact]
    public async Task What_the_cluster_refuses_is_told_and_noted()
    {
        _cluster.Failure = new InvalidOperationException("The run has ended.");
        Assert.Equal(new ActionOutcome(false, "The run has ended."), await For(AccessRoles.Operator).PauseAsync("one"));
        _cluster.Failure = new TimeoutException();
        Assert.Contains("did not answer", (await For(AccessRoles.Operator).PauseAsync("one")).Problem, StringComparison.Ordinal);
        Assert.Equal("Ada pause one: The run has ended.", _audit[0]);
    }

    [Theory]
    [InlineData("{ \"Etr\": { \"Run\": { \"Steps\": 15 } } } // as in configs/", null)]
    [InlineData("{ // a comment\n \"Run\": { \"Steps\": 15, } }", null)]
    [InlineData("{ \"Run\": { \"Stepps\": 15 } }", "Stepps")]
    [InlineData("not json", "not JSON")]
    [InlineData("{ \"Reward\": { \"Assembly\": \"/tmp/mine.dll\" } }", "not started from a page")]
    [InlineData("{ \"Task\": { \"GraderAssembly\": \"/tmp/mine.dll\" } }", "not started from a page")]
    public void A_configuration_is_read_as_people_write_it_and_loads_no_code(string text, string? problem)
    {
        if (problem is null)
            Assert.Equal(15, Etr.Core.Runs.RunConfigurationJson.Read(ConfigurationText.Read(text)).Run.Steps);
        else
            Assert.Contains(problem, Assert.Throws<InvalidDataException>(() => ConfigurationText.Read(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_stays_on_a_page_longer_than_their_session_does_nothing_more()
    {
        Actions actions = For(AccessRoles.Operator);
        _time.Advance(Sessions.Length);
        Assert.False(await actions.MayActAsync());
        ActionOutcome outcome = await actions.PauseAsync("one");
        Assert.False(outcome.Done);
        Assert.Contains("sign in again", outcome.Problem, StringComparison.Ordinal);
        Assert.Empty(_cluster.Done);
        Assert.Equal(["Ada pause one: refused: the session has ended"], _audit);
    }

    [Fact]
    public async Task What_was_begun_is_noted_as_it_ended_though_the_page_has_gone()
    {
        var hold = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _cluster.Hold = hold.Task;
        await using var browser = new BunitContext();
        browser.Services.AddScoped(_ => For(AccessRoles.Operator));
        browser.JSInterop.Mode = JSRuntimeMode.Loose;
        IRenderedComponent<RunControls> controls = browser.Render<RunControls>(parameters => parameters.Add(c => c.Run, "one").Add(c => c.State, RunState.Running));
        await controls.FindAll("button").Single(button => button.TextContent == "Stop").ClickAsync(new());
        Task acting = controls.FindAll("button").Single(button => button.TextContent.StartsWith("Stop it", StringComparison.Ordinal)).ClickAsync(new());
        await _cluster.WhenDoneAsync(1);
        await browser.DisposeComponentsAsync();
        Assert.Empty(_audit);

        hold.SetResult();
        await acting;
        Assert.Equal(["Ada stop one: done"], _audit);
    }

    private Actions For(string role)
    {
        var sessions = new Sessions(new AccessOptions { OperatorKey = "correct-horse-battery", ViewerKey = "only-looking-around" }, _time);
        return new(_cluster, new ListedAudit(_audit), sessions, new OnePerson(sessions.ByKey("Ada", role, "test")));
    }
}
