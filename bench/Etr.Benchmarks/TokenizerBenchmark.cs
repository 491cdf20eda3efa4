using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Etr.Benchmarks.Clusters;
using Etr.Policy.Tokenizers;
using Microsoft.ML.Tokenizers;

namespace Etr.Benchmarks;

/// <summary>
/// Megabytes of UTF-8 a second on one thread: a published byte-level tokenizer on a text that it has not seen (first), on the same
/// text again (again), and back from tokens to text, a token at a time (back). Beside it the floor, what its split patterns alone
/// take, and Microsoft.ML.Tokenizers' own pipeline where there is one pattern. Rounds go in turn; figures are medians, by the clock and
/// by processor time, which what else runs disturbs less.
/// Arguments: --model DIR [--text FILE] [--rounds N]. DIR holds tokenizer.json; FILE is any text, each line a prompt, or JSON lines
/// with a "problem" each.
/// </summary>
internal static class TokenizerBenchmark
{
    public static int Run(string[] args)
    {
        var arguments = new Arguments(args);
        string file = Path.Combine(arguments.Text("--model", ""), "tokenizer.json");
        string source = arguments.Text("--text", "");
        if (!File.Exists(file) || !File.Exists(source))
        {
            Console.Error.WriteLine("tokenizer: --model DIR with tokenizer.json, and --text FILE");
            return 1;
        }

        string[] lines = [.. File.ReadLines(source).Select(Prompt).Where(line => line.Length > 0)];
        double megabytes = lines.Sum(line => (double)Encoding.UTF8.GetByteCount(line)) / 1e6;
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(file));
        Regex[] patterns = [.. Patterns(json.RootElement.GetProperty("pre_tokenizer"))];
        long start = Stopwatch.GetTimestamp();
        IPolicyTokenizer tokenizer = TokenizerFile.Read(file);
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{file}: read in {Stopwatch.GetElapsedTime(start).TotalSeconds:F2} s; {lines.Length} prompts, {megabytes:F2} MB"));
        BpeTokenizer? library = patterns.Length == 1 ? Library(json.RootElement, patterns[0]) : null;

        int rounds = arguments.Number("--rounds", 5);
        var rates = new Dictionary<string, List<(double Clock, double Processor)>>();
        using var self = Process.GetCurrentProcess();
        long tokens = 0;
        long checksum = 0;
        for (int round = -1; round < rounds; round++)
        {
            // The first round compiles the code, and does not count.
            tokenizer = TokenizerFile.Read(file);
            List<IReadOnlyList<int>> ids = [];
            Measure("first", () => (ids = [.. lines.Select(tokenizer.Encode)]).Count);
            Measure("again", () => tokens = lines.Sum(line => (long)tokenizer.Encode(line).Count));
            Measure("back", () => ids.Sum(sequence => (long)Back(tokenizer, sequence)));
            Measure("patterns alone", () => lines.Sum(line => patterns.Sum(pattern => (long)pattern.Count(line))));
            if (library is not null)
                Measure("library alone", () => lines.Sum(line => (long)library.CountTokens(line)));

            void Measure(string name, Func<long> work)
            {
                self.Refresh();
                TimeSpan used = self.TotalProcessorTime;
                long began = Stopwatch.GetTimestamp();
                checksum += work();
                double clock = megabytes / Stopwatch.GetElapsedTime(began).TotalSeconds;
                self.Refresh();
                double processor = megabytes / Math.Max(0.01, (self.TotalProcessorTime - used).TotalSeconds);
                if (round >= 0)
                    (rates.TryGetValue(name, out List<(double, double)>? list) ? list : rates[name] = []).Add((clock, processor));
            }
        }

        foreach ((string name, List<(double Clock, double Processor)> all) in rates)
        {
            double[] clock = [.. all.Select(rate => rate.Clock).Order()];
            double[] processor = [.. all.Select(rate => rate.Processor).Order()];
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{name,-16}{clock[clock.Length / 2],8:F1} MB/s ({clock[0]:F1} to {clock[^1]:F1}){processor[processor.Length / 2],8:F1} MB a cpu-s ({processor[0]:F1} to {processor[^1]:F1})"));
        }

        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{tokens} tokens, {megabytes * 1e6 / tokens:F2} bytes each; sum {checksum}"));
        return 0;
    }

    private static string Prompt(string line)
    {
        if (!line.StartsWith('{'))
            return line;
        using JsonDocument json = JsonDocument.Parse(line);
        return json.RootElement.TryGetProperty("problem", out JsonElement problem) ? problem.GetString() ?? "" : line;
    }

    private static int Back(IPolicyTokenizer tokenizer, IReadOnlyList<int> ids)
    {
        var stream = new TokenText(tokenizer);
        int length = 0;
        foreach (int id in ids)
            length += stream.Append(id).Length;
        return length;
    }

    private static IEnumerable<Regex> Patterns(JsonElement part) =>
        part.TryGetProperty("pretokenizers", out JsonElement parts) ? parts.EnumerateArray().SelectMany(Patterns)
        : part.TryGetProperty("pattern", out JsonElement pattern) ? [new Regex(pattern.GetProperty("Regex").GetString()!, RegexOptions.Compiled | RegexOptions.CultureInvariant)]
        : [];

    private static BpeTokenizer Library(JsonElement root, Regex pattern)
    {
        JsonElement model = root.GetProperty("model");
        return BpeTokenizer.Create(new BpeOptions(model.GetProperty("vocab").EnumerateObject().Select(token => KeyValuePair.Create(token.Name, token.Value.GetInt32())))
        {
            Merges = [.. model.GetProperty("merges").EnumerateArray().Select(merge => merge.ValueKind == JsonValueKind.String ? merge.GetString()! : $"{merge[0]} {merge[1]}")],
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(pattern, null),
        });
    }
}
