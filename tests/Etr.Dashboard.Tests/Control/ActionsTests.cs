using System.Security.Claims;
using Etr.Dashboard.Access;
using Etr.Dashboard.Control;
using Etr.Dashboard.Tests.Hosting;
using Microsoft.AspNetCore.Components.Authorization;

namespace Etr.Dashboard.Tests.Control;

public sealed class ActionsTests : IDisposable
{
    private readonly ScriptedActions _cluster = new();
    private readonly List<string> _audit = [];

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public void Dispose() => _cluster.Dispose();

    [Fact]
    public async Task An_operator_acts_and_every_action_is_noted()
    {
        Actions actions = For(AccessRoles.Operator);
        Assert.True((await actions.PauseAsync("one", Cancellation)).Done);
        Assert.True((await actions.ResumeAsync("one", Cancellation)).Done);
        Assert.True((await actions.StopAsync("one", Cancellation)).Done);
        Assert.True((await actions.DrainAsync("box-1", Cancellation)).Done);
        (string run, ActionOutcome outcome) = await actions.StartAsync("{ \"Run\": { \"Steps\": 3 } }", Cancellation);
        Assert.Equal(("new-run", true), (run, outcome.Done));
        Assert.Equal(
            ["pause one: paused from the dashboard by Ada", "resume one", "stop one: stopped from the dashboard by Ada", "drain box-1: the dashboard asked for it, for Ada", "start True"],
            _cluster.Done);
        Assert.Equal(["Ada pause one: done", "Ada resume one: done", "Ada stop one: done", "Ada drain box-1: done", "Ada start : done"], _audit);
    }

    [Fact]
    public async Task A_viewer_does_nothing_whatever_a_page_shows()
    {
        Actions actions = For(AccessRoles.Viewer);
        Assert.False(await actions.MayActAsync());
        Assert.False((await actions.StopAsync("one", Cancellation)).Done);
        Assert.False((await actions.StartAsync("{}", Cancellation)).Outcome.Done);
        Assert.Empty(_cluster.Done);
        Assert.Equal(["Ada stop one: refused: a viewer may not act", "Ada start : refused: a viewer may not act"], _audit);
    }

    [Fact]
    public async Task What_the_cluster_refuses_is_told_and_noted()
    {
        _cluster.Failure = new InvalidOperationException("The run has ended.");
        Assert.Equal(new ActionOutcome(false, "The run has ended."), await For(AccessRoles.Operator).PauseAsync("one", Cancellation));
        _cluster.Failure = new TimeoutException();
        Assert.Contains("did not answer", (await For(AccessRoles.Operator).PauseAsync("one", Cancellation)).Problem, StringComparison.Ordinal);
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

    private Actions For(string role) => new(_cluster, new ListedAudit(_audit), new Person(role));

    private sealed class Person(string role) : AuthenticationStateProvider
    {
        public override Task<AuthenticationState> GetAuthenticationStateAsync() => Task.FromResult(new AuthenticationState(AccessRoles.Person("Ada", role, "test")));
    }

    private sealed class ListedAudit(List<string> lines) : IAuditLog
    {
        public void Note(ClaimsPrincipal person, string action, string target, string outcome) => lines.Add($"{person.Identity!.Name} {action} {target}: {outcome}");
    }
}
