using System.Net;
using System.Security.Claims;

namespace Etr.Dashboard.Access;

/// <summary>Keeps who did what.</summary>
internal interface IAuditLog
{
    /// <summary>Notes an action. It never throws: what was done is done.</summary>
    /// <param name="person">Who.</param>
    /// <param name="action">What, in a word: <c>pause</c>, <c>sign-in</c>.</param>
    /// <param name="target">The run or silo; empty where there is none.</param>
    /// <param name="outcome"><c>done</c>, or why not.</param>
    void Note(ClaimsPrincipal person, string action, string target, string outcome);

    /// <summary>Notes a key that is none. Callers ask <see cref="FailedSignIns"/> first, so that nobody fills the file with guesses.</summary>
    /// <param name="address">Where it came from.</param>
    /// <param name="way">How it came: <c>form</c>, <c>address</c> or <c>bearer</c>.</param>
    void NoteWrongKey(IPAddress? address, string way) =>
        Note(AccessRoles.Person(address?.ToString() ?? "unknown", "", "none"), "sign-in", way, "a wrong key");
}
