using System.CommandLine;

namespace Etr.Silo.Cli;

/// <summary>The option that bounds how long a run trains.</summary>
internal static class MinutesOption
{
    private const double Most = 100_000;

    /// <summary>Makes one: above 0, at most 100,000 minutes; null where it is not given.</summary>
    public static Option<double?> Of(string description)
    {
        var option = new Option<double?>("--minutes") { Description = description, HelpName = "M" };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && result.GetValueOrDefault<double?>() is not (> 0 and <= Most))
                result.AddError("--minutes: expected a number above 0, at most 100000");
        });
        return option;
    }
}
