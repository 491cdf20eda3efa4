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
}
