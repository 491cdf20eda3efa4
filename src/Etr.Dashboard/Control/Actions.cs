using System.Security.Claims;
using Etr.Dashboard.Access;
using Microsoft.AspNetCore.Components.Authorization;

namespace Etr.Dashboard.Control;

/// <summary>
/// What a person does from a page: checked against their role here, on the server, and noted with its outcome whatever that is.
/// One object a circuit. Nothing of it is cancelled when the page goes: the grains act all the same, and the note shall say what they did.
/// </summary>
internal sealed class Actions(IClusterActions cluster, IAuditLog audit, Sessions sessions, AuthenticationStateProvider people)
{
    /// <summary>Whether the person of this circuit may act.</summary>
    public async Task<bool> MayActAsync() => (await people.GetAuthenticationStateAsync()).User is var person && AccessRoles.MayAct(person) && sessions.Stands(person);

    /// <summary>Starts a run.</summary>
    /// <param name="configuration">Its configuration, as a person wrote it.</param>
    /// <returns>What became of it.</returns>
    public async Task<(string Run, ActionOutcome Outcome)> StartAsync(string configuration)
    {
        string started = "";
        ActionOutcome outcome = await DoAsync("start", "", async () =>
        {
            (started, string problem) = await cluster.StartAsync(ConfigurationText.Read(configuration), CancellationToken.None);
            return problem.Length > 0 ? throw new InvalidOperationException(problem) : started;
        });
        return (started, outcome);
    }

    /// <summary>Pauses a run.</summary>
    public Task<ActionOutcome> PauseAsync(string run) =>
        DoAsync("pause", run, async () => await cluster.PauseAsync(run, $"paused from the dashboard by {await NameAsync()}", CancellationToken.None));

    /// <summary>Lets a run go on.</summary>
    public Task<ActionOutcome> ResumeAsync(string run) => DoAsync("resume", run, () => cluster.ResumeAsync(run, CancellationToken.None));

    /// <summary>Ends a run for good.</summary>
    public Task<ActionOutcome> StopAsync(string run) =>
        DoAsync("stop", run, async () => await cluster.StopAsync(run, $"stopped from the dashboard by {await NameAsync()}", CancellationToken.None));

    /// <summary>Drains a silo.</summary>
    public Task<ActionOutcome> DrainAsync(string silo) =>
        DoAsync("drain", silo, async () => await cluster.DrainAsync(silo, $"the dashboard asked for it, for {await NameAsync()}", CancellationToken.None));

    private async Task<string> NameAsync() => (await people.GetAuthenticationStateAsync()).User.Identity?.Name ?? "someone";

    private Task<ActionOutcome> DoAsync(string action, string target, Func<Task> act) => DoAsync(action, target, async () =>
    {
        await act();
        return target;
    });

    // What it was done to is known for certain only afterwards: a run has no name before it is started.
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031:Do not catch general exception types", Justification = "told to the person who asked")]
    private async Task<ActionOutcome> DoAsync(string action, string target, Func<Task<string>> act)
    {
        ClaimsPrincipal person = (await people.GetAuthenticationStateAsync()).User;
        if (!sessions.Stands(person))
        {
            audit.Note(person, action, target, "refused: the session has ended");
            return new ActionOutcome(false, "Your session has ended: sign in again.");
        }

        if (!AccessRoles.MayAct(person))
        {
            audit.Note(person, action, target, "refused: a viewer may not act");
            return new ActionOutcome(false, "You may look and not act here: sign in with the operator's key.");
        }

        try
        {
            audit.Note(person, action, await act(), "done");
            return new ActionOutcome(true, "");
        }
        catch (Exception e)
        {
            string problem = e is TimeoutException ? "The cluster did not answer in time; look at the state before trying again." : e.Message;
            audit.Note(person, action, target, problem);
            return new ActionOutcome(false, problem);
        }
    }
}

/// <summary>What became of an action.</summary>
/// <param name="Done">Whether it was done.</param>
/// <param name="Problem">Why not; empty where it was.</param>
internal sealed record ActionOutcome(bool Done, string Problem);
