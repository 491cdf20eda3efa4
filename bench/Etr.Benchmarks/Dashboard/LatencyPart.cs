using System.Globalization;
using Etr.Benchmarks.Clusters;

namespace Etr.Benchmarks.Dashboard;

/// <summary>
/// From a token to a person: the time between the moment at which the engine hands over the last token of a reasoning step and the
/// animation frame in which the wall has painted that step. Through everything: sampler, group, feed, aggregator, circuit, canvas.
/// </summary>
internal static class LatencyPart
{
    private const string Watch =
        """
        const known = new Map(), shown = [];
        window.etrShown = () => shown.splice(0).join(' ');
        const look = () => {
          const wall = window.etrWall;
          if (wall) {
            const now = performance.timeOrigin + performance.now();
            for (let prompt = 0; prompt < 64; prompt++) {
              const cell = wall.cell(prompt);
              if (!cell) continue;
              const at = `${cell.slot},${cell.stepCount}`;
              if (known.get(prompt) !== at && cell.live && cell.stepCount > 0) shown.push(`${prompt},${cell.slot},${cell.stepCount - 1},${now.toFixed(1)}`);
              known.set(prompt, at);
            }
          }
          requestAnimationFrame(look);
        };
        requestAnimationFrame(look);
        """;

    public static async Task RunAsync(Browser browser, Arguments arguments)
    {
        int seconds = arguments.Number("--seconds", 30);
        string directory = Directory.CreateTempSubdirectory("etr-bench-").FullName;
        try
        {
            using ChildServer silo = await ChildServer.StartAsync("dashboard-silo", "--data", directory, "--pace", "20", "--prompts", "64", "--groups", "8");
            await using WatchedPage watched = await browser.PageAsync(script: Watch);
            await watched.Page.GotoAsync($"{silo.Ready[0]}/runs/{silo.Ready[1]}/wall");
            await watched.Page.WaitForFunctionAsync("() => window.etrWall && window.etrWall.state().total >= 64");
            await silo.AskAsync("steps");
            await watched.Page.EvaluateAsync<string>("() => window.etrShown()");
            await Task.Delay(TimeSpan.FromSeconds(seconds));
            string shown = await watched.Page.EvaluateAsync<string>("() => window.etrShown()");
            ILookup<(int, int, int), double> drawn = Read(await silo.AskAsync("steps")).ToLookup(step => step.Key, step => step.At);
            // A prompt is drawn again and again: what is shown is the newest that had been drawn by then.
            double[] ages = [.. Read(shown).Select(step => step.At - drawn[step.Key].Where(at => at <= step.At).DefaultIfEmpty(double.NaN).Max()).Where(double.IsFinite)];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"from a step's last token to its paint: median {Figures.Median(ages):F0} ms, p95 {Figures.Quantile(ages, 0.95):F0} ms, longest {ages.DefaultIfEmpty(double.NaN).Max():F0} ms of {ages.Length} steps in {seconds} s"));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static IEnumerable<((int Prompt, int Slot, int Step) Key, double At)> Read(string steps) =>
        steps.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(step => step.Split(',')).Select(parts =>
            ((int.Parse(parts[0], CultureInfo.InvariantCulture), int.Parse(parts[1], CultureInfo.InvariantCulture), int.Parse(parts[2], CultureInfo.InvariantCulture)), double.Parse(parts[3], CultureInfo.InvariantCulture)));
}
