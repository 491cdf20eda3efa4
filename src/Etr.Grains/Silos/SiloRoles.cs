namespace Etr.Grains.Silos;

/// <summary>What a silo does beyond being a member; any mix.</summary>
[Flags]
public enum SiloRoles
{
    /// <summary>A member that hosts grains and nothing else.</summary>
    None = 0,

    /// <summary>Draws traces on its devices.</summary>
    Sampler = 1,

    /// <summary>May host the learner of a run, and keeps its files.</summary>
    Learner = 2,

    /// <summary>Serves the pages.</summary>
    Dashboard = 4,

    /// <summary>Hosts the cluster's store.</summary>
    Store = 8,

    /// <summary>Everything: one process is a whole cluster.</summary>
    All = Sampler | Learner | Dashboard | Store,
}

/// <summary>Roles as people write them: <c>sampler,learner</c>.</summary>
public static class SiloRolesText
{
    private static readonly SiloRoles[] Single = [SiloRoles.Sampler, SiloRoles.Learner, SiloRoles.Dashboard, SiloRoles.Store];

    /// <summary>The names, comma-separated; <c>none</c> where there are none.</summary>
    public static string Format(SiloRoles roles) =>
        roles == SiloRoles.None ? "none" : string.Join(',', Names(roles));

    /// <summary>The names of the roles.</summary>
    public static IReadOnlyList<string> Names(SiloRoles roles) =>
        [.. Single.Where(role => roles.HasFlag(role)).Select(role => role.ToString().ToLowerInvariant())];

    /// <summary>Reads names; <c>all</c> and <c>none</c> are understood, the empty text is <c>all</c>. False where one is unknown.</summary>
    public static bool TryParse(string text, out SiloRoles roles)
    {
        ArgumentNullException.ThrowIfNull(text);
        roles = SiloRoles.None;
        if (text.Trim() is "" or "all")
        {
            roles = SiloRoles.All;
            return true;
        }

        if (text.Trim() == "none")
            return true;
        foreach (string name in text.Split(',', StringSplitOptions.TrimEntries))
        {
            SiloRoles found = Single.FirstOrDefault(role => string.Equals(role.ToString(), name, StringComparison.OrdinalIgnoreCase));
            if (found == SiloRoles.None)
                return false;
            roles |= found;
        }

        return true;
    }
}
