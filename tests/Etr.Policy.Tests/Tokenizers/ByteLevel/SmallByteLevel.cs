using System.Text;
using System.Text.Json.Nodes;
using Etr.Policy.Tokenizers;
using Etr.Policy.Tokenizers.ByteLevel;

namespace Etr.Policy.Tests.Tokenizers.ByteLevel;

/// <summary>A byte-level tokenizer of a few hundred merges, learned here from a few sentences, as a file that a test may spoil first.</summary>
internal sealed class SmallByteLevel
{
    public const string Pattern = @"(?i:'s|'t)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";
    public const string Begin = "<|begin|>", Turn = "<|turn|>", End = "<|end|>", Think = "<think>";
    private const string Sentences = """
        Each reasoning step lowers what is left open, and the trend of its entropy is what is paid for.
        We split the number into tens and ones, add them, and check the sum against the first estimate.
        Über größere Zahlen rechnet man genauso: erst die Zehner, dann die Einer. Déjà vu, naïve façade.
        数字を足してから確かめる。まず十の位、それから一の位。 шаг за шагом энтропия падает 🙂🙂🙂
        """;

    private readonly Dictionary<string, int> _ids = [];
    private readonly List<(string Left, string Right)> _merges = [];

    public SmallByteLevel(int merges = 200)
    {
        foreach (char letter in ByteAlphabet.All)
            _ids.Add(letter.ToString(), _ids.Count);
        Learn(merges);
        Json = Build();
    }

    public JsonObject Json { get; }

    public IReadOnlyDictionary<string, int> Ids => _ids;

    public int IdOf(string added) => Json["added_tokens"]!.AsArray().Single(token => (string)token!["content"]! == added)!["id"]!.GetValue<int>();

    public IPolicyTokenizer Read(string folder)
    {
        string path = Path.Combine(folder, "tokenizer.json");
        File.WriteAllText(path, Json.ToJsonString());
        return TokenizerFile.Read(path);
    }

    /// <summary>Merging as it is defined: of all neighbours the best pair, leftmost, until none is left.</summary>
    public IEnumerable<int> MergeNaively(string stretch)
    {
        List<string> symbols = [.. Encoding.UTF8.GetBytes(stretch).Select(value => ByteAlphabet.All[value].ToString())];
        while (symbols.Count > 1)
        {
            int best = Enumerable.Range(0, symbols.Count - 1).MinBy(i => RankOf(symbols[i], symbols[i + 1]));
            if (RankOf(symbols[best], symbols[best + 1]) == int.MaxValue)
                break;
            symbols[best] += symbols[best + 1];
            symbols.RemoveAt(best + 1);
        }

        return symbols.Select(symbol => _ids[symbol]);
    }

    private int RankOf(string left, string right) => _merges.IndexOf((left, right)) is >= 0 and var rank ? rank : int.MaxValue;

    private void Learn(int merges)
    {
        List<List<string>> stretches = [.. new SplitPatterns([Pattern]).Split(Sentences)
            .Select(piece => Encoding.UTF8.GetBytes(Sentences.Substring(piece.Start, piece.Length)).Select(value => ByteAlphabet.All[value].ToString()).ToList())];
        for (int i = 0; i < merges; i++)
        {
            (string Left, string Right) best = stretches.SelectMany(symbols => symbols.Zip(symbols.Skip(1)))
                .CountBy(pair => pair).OrderByDescending(pair => pair.Value).ThenBy(pair => pair.Key.First + pair.Key.Second, StringComparer.Ordinal).First().Key;
            _merges.Add(best);
            _ids.TryAdd(best.Left + best.Right, _ids.Count);
            foreach (List<string> symbols in stretches)
            {
                for (int at = 0; at + 1 < symbols.Count; at++)
                {
                    if ((symbols[at], symbols[at + 1]) == best)
                    {
                        symbols[at] += symbols[at + 1];
                        symbols.RemoveAt(at + 1);
                    }
                }
            }
        }
    }

    private JsonObject Build()
    {
        int next = _ids.Count;
        JsonObject Added(string content, bool special) => new()
        {
            ["id"] = next++,
            ["content"] = content,
            ["single_word"] = false,
            ["lstrip"] = false,
            ["rstrip"] = false,
            ["normalized"] = false,
            ["special"] = special,
        };
        return new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray(Added(Begin, true), Added(Turn, true), Added(End, true), Added(Think, false)),
            ["normalizer"] = new JsonObject { ["type"] = "NFC" },
            ["pre_tokenizer"] = new JsonObject
            {
                ["type"] = "Sequence",
                ["pretokenizers"] = new JsonArray(
                    new JsonObject { ["type"] = "Split", ["pattern"] = new JsonObject { ["Regex"] = Pattern }, ["behavior"] = "Isolated", ["invert"] = false },
                    new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["use_regex"] = false }),
            },
            ["post_processor"] = new JsonObject { ["type"] = "ByteLevel" },
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["ignore_merges"] = false,
                ["vocab"] = new JsonObject(_ids.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value))),
                ["merges"] = new JsonArray([.. _merges.Select(merge => new JsonArray(merge.Left, merge.Right))]),
            },
        };
    }
}
