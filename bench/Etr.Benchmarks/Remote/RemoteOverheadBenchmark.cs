using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Net.Http.Headers;
using Etr.Benchmarks.Clusters;
using Etr.Benchmarks.Modes;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Core.Tasks.Arithmetic;
using Etr.Policy.Rollouts;
using Etr.Silo.Configuration;
using Etr.Silo.Engines;
using Etr.Silo.RemoteSamplers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Etr.Benchmarks.Remote;

/// <summary>
/// What a remote sampler costs beside its server: the same 64 traces, in groups of 8, drawn by the server's engine itself, through plain
/// HTTP that reads the answer and throws it away (the floor), and through the remote sampler. Rounds alternate. With <c>--token-ms</c> the
/// server is a device of that latency; else its engine has this machine's cores, which the path then takes from it.
/// Arguments: [--rounds N] [--traces N] [--tokens N] [--token-ms N].
/// </summary>
internal static class RemoteOverheadBenchmark
{
    private const int GroupSize = 8;

    public static async Task<int> RunAsync(string[] args)
    {
        var arguments = new Arguments(args);
        (int rounds, int traces, int tokens, int milliseconds) =
            (arguments.Number("--rounds", 7), arguments.Number("--traces", 64), arguments.Number("--tokens", 128), arguments.Number("--token-ms", 0));
        string folder = StartingPolicy.Locate("models/arithmetic");
        var clock = new EngineClock(TimeProvider.System);
        IRolloutEngine drawing = RolloutEngines.Create(new PolicyOptions { Path = folder, Slots = traces }, milliseconds == 0 ? clock : new EngineClock(TimeProvider.System));
        await using IRolloutEngine engine = milliseconds == 0 ? drawing : new PacedEngine(drawing, TimeSpan.FromMilliseconds(milliseconds), clock);
        await using BenchEndpoint endpoint = await BenchEndpoint.StartAsync(folder, engine, traces);
        await using ServiceProvider services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        RemoteServer server = RemoteServer.All(new SamplersSettings { Remote = [new RemoteServerSettings { Url = endpoint.Address.ToString(), Kind = "etr", Slots = traces, Retries = 0 }] })[0];
        using var link = new RemoteLink(server, new RemoteMetrics(services.GetRequiredService<IMeterFactory>()), TimeProvider.System);
        var model = RemoteModel.Open(folder, "auto");
        await using var remote = new RemoteRolloutEngine(server, model, link, scorer: null, NullLogger.Instance);
        using var http = new HttpClient { BaseAddress = endpoint.Address };

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{traces} traces in groups of {GroupSize}, at most {tokens} tokens; server: {(milliseconds == 0 ? $"cpu engine on these {Environment.ProcessorCount} cores" : $"a device of {milliseconds} ms a token")}"));
        var way = new Dictionary<string, Func<RolloutRequest, Task<int>>>
        {
            ["server's own engine"] = request => DrawAsync(engine, request),
            ["plain HTTP (floor)"] = request => ReadAsync(http, request, model),
            ["remote sampler"] = request => DrawAsync(remote, request),
        };
        Dictionary<string, List<Round>> measured = way.Keys.ToDictionary(name => name, _ => new List<Round>());
        for (int round = -1; round < rounds; round++)
        {
            foreach ((string name, Func<RolloutRequest, Task<int>> draw) in way)
            {
                Round found = await MeasureAsync(draw, Requests(endpoint.Policy, traces, tokens, round), clock);
                if (round >= 0)
                    measured[name].Add(found);
            }
        }

        Print(measured);
        return 0;
    }

    private static void Print(Dictionary<string, List<Round>> measured)
    {
        List<Round> own = measured["server's own engine"];
        Console.WriteLine("way                    wall ms  engine busy ms  process CPU ms  tokens  wall / busy  wall / own wall");
        foreach ((string name, List<Round> rounds) in measured)
        {
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-21} {Median(rounds, r => r.Wall),8:F1} {Median(rounds, r => r.Busy),15:F1} {Median(rounds, r => r.Cpu),15:F1} {rounds[0].Tokens,7} {Median(rounds, r => r.Wall / r.Busy),12:F4} {Figures.Median(rounds.Zip(own, (r, o) => r.Wall / o.Wall)),16:F4}"));
        }

        double path = Figures.Median(measured["remote sampler"].Zip(own, (r, o) => 1000 * (r.Cpu - o.Cpu) / r.Tokens));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"the path takes {path:F2} us of a core a token, both sides together"));
    }

    private static double Median(List<Round> rounds, Func<Round, double> figure) => Figures.Median(rounds.Select(figure));

    private static async Task<Round> MeasureAsync(Func<RolloutRequest, Task<int>> draw, RolloutRequest[] requests, EngineClock clock)
    {
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        (TimeSpan cpu, TimeSpan busy, long start) = (process.TotalProcessorTime, clock.Busy(EngineRole.Sampler), Stopwatch.GetTimestamp());
        int[] tokens = await Task.WhenAll(requests.Select(draw));
        double wall = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        process.Refresh();
        return new Round(wall, (clock.Busy(EngineRole.Sampler) - busy).TotalMilliseconds, (process.TotalProcessorTime - cpu).TotalMilliseconds, tokens.Sum());
    }

    private static RolloutRequest[] Requests(PolicyRef policy, int traces, int tokens, int round)
    {
        var prompts = new ArithmeticPromptSet(1, ArithmeticSplit.Train, 64, ArithmeticStyles.Parse("ABC"));
        return
        [
            .. Enumerable.Range(0, traces / GroupSize).Select(group => new RolloutRequest(
                prompts[group].Text, (uint)group, (uint)(round + 1), 1, policy, new SamplingOptions { MaxNewTokens = tokens },
                [.. Enumerable.Range(0, GroupSize).Select(slot => new RolloutSlot((uint)slot, []))], new GroupObserver(GroupSize), CancellationToken.None)),
        ];
    }

    private static async Task<int> DrawAsync(IRolloutEngine engine, RolloutRequest request)
    {
        await engine.SubmitAsync(request, CancellationToken.None);
        var observer = (GroupObserver)request.Observer;
        await observer.Done;
        return observer.Tokens;
    }

    // The same request, its answer read to the end and not looked at.
    private static async Task<int> ReadAsync(HttpClient http, RolloutRequest request, RemoteModel model)
    {
        var call = new CompletionCall($"sha256:{request.Policy.Sha256}", model.Encode(request), 0, request, [.. request.Slots.Select(slot => slot.Slot)], request.Sampling.MaxNewTokens);
        using var content = new ByteArrayContent(call.Body(isEtr: true));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        using var message = new HttpRequestMessage(HttpMethod.Post, "v1/completions") { Content = content };
        using HttpResponseMessage answer = await http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead);
        answer.EnsureSuccessStatusCode();
        await answer.Content.CopyToAsync(Stream.Null);
        return 0;
    }

    private sealed record Round(double Wall, double Busy, double Cpu, int Tokens);
}
