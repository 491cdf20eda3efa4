using System.Text;
using Etr.Core.Files;
using Etr.Silo.Cli;
using Etr.Silo.Compare.Plots;

namespace Etr.Silo.Compare;

/// <summary>Makes the files of a comparison from its runs.</summary>
internal static class CompareOutputs
{
    /// <summary>Makes them.</summary>
    /// <param name="folder">The comparison's folder.</param>
    /// <param name="order">Names of arms that come first, in this order.</param>
    /// <param name="which">Which files.</param>
    /// <param name="terminal">Where it is said what was made.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <returns>Whether there was any finished run to make them from.</returns>
    /// <exception cref="CommandFailure">A file of a run is not what it should be.</exception>
    public static async Task<bool> WriteAsync(string folder, IReadOnlyList<string> order, OutputKinds which, Terminal terminal, CancellationToken cancellationToken)
    {
        CompareResults results = await CompareResults.GatherAsync(folder, order, cancellationToken);
        if (results.Runs.Count == 0)
            return false;
        if (which.HasFlag(OutputKinds.Plots))
        {
            if (!PlotStyle.HasFonts)
                terminal.Warn("there is no font on this machine, so the plots have no words: install one, such as Debian's fonts-dejavu-core, and run again with --plots-only");
            foreach (string file in ComparePlots.Write(results, folder))
                terminal.Line($"plot       {file}");
        }

        if (which.HasFlag(OutputKinds.Tables))
        {
            await results.WriteAsync(folder, cancellationToken);
            string[] plots = [.. ComparePlots.Names.Select(name => name + ".svg").Where(name => File.Exists(Path.Combine(folder, name)))];
            string report = Path.Combine(folder, "RESULTS.md");
            await DurableFile.WriteAsync(report, Encoding.UTF8.GetBytes(CompareReport.Of(results, plots)), cancellationToken);
            foreach (ArmFigures arm in ArmFigures.Of(results.Runs))
                terminal.Line(CompareSentence.Of(arm, ArmFigures.Of(results.Runs)));
            terminal.Line($"results    {report} and results.json beside it: {results.Runs.Count} run{(results.Runs.Count == 1 ? "" : "s")}");
        }

        return true;
    }
}

/// <summary>Which files of a comparison are made.</summary>
[Flags]
internal enum OutputKinds
{
    /// <summary><c>results.json</c> and <c>RESULTS.md</c>.</summary>
    Tables = 1,

    /// <summary>The plots.</summary>
    Plots = 2,

    /// <summary>All of them.</summary>
    All = Tables | Plots,
}
