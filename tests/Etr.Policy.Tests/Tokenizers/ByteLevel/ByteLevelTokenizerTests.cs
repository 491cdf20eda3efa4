using System.Text;
using System.Text.Json.Nodes;
using Etr.Core.Rollouts;
using Etr.Policy.Tokenizers;
using Etr.Policy.Tokenizers.ByteLevel;

namespace Etr.Policy.Tests.Tokenizers.ByteLevel;

public sealed class ByteLevelTokenizerTests : IDisposable
{
    private static readonly string[] Pieces =
        ["a", "step", " the", "\n", "\n\n", "  ", "\t", "12", "é", "e\u0301", "ß", "数字", "ク", "шаг", "🙂", "𝐀", "'s", "'T", "!", "...", "<think>", "<|turn|>", "\u00A0", "\u200D", "\0"];

    private readonly string _folder = Directory.CreateTempSubdirectory("etr-bytelevel-").FullName;
    private readonly SmallByteLevel _small = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Tokens_are_those_of_merging_by_definition()
    {
        IPolicyTokenizer tokenizer = _small.Read(_folder);
        var patterns = new SplitPatterns([SmallByteLevel.Pattern]);

        foreach (string text in Texts(200))
        {
            string normal = Etr.Policy.Tokenizers.Normalization.CanonicalComposition.Normalize(text);
            int[] expected = [.. patterns.Split(normal).SelectMany(piece => _small.MergeNaively(normal.Substring(piece.Start, piece.Length)))];
            Assert.Equal(expected, tokenizer.Encode(text));
        }
    }

    [Fact]
    public void Every_text_comes_back_in_its_normal_form_whole_and_token_by_token()
    {
        IPolicyTokenizer tokenizer = _small.Read(_folder);

        foreach (string text in Texts(200))
        {
            string normal = Etr.Policy.Tokenizers.Normalization.CanonicalComposition.Normalize(text);
            IReadOnlyList<int> ids = tokenizer.Encode(text);
            var stream = new TokenText(tokenizer);
            string[] chunks = [.. ids.Select(stream.Append)];
            Assert.Equal(normal, tokenizer.Decode(ids));
            Assert.Equal(normal, string.Concat(chunks));
            Assert.Equal("", stream.Finish());
            Assert.All(chunks, chunk => Assert.True(chunk.Length == 0 || !char.IsLowSurrogate(chunk[0]) && !chunk.Contains('\uFFFD')));
        }
    }

    [Fact]
    public void A_character_appears_with_the_token_that_completes_it()
    {
        IPolicyTokenizer tokenizer = new SmallByteLevel(merges: 0).Read(_folder);
        var stream = new TokenText(tokenizer);

        Assert.Equal(["", "", "", "🙂", "!"], tokenizer.Encode("🙂!").Select(stream.Append));
    }

    [Fact]
    public void Bytes_that_are_no_character_become_the_replacement_and_spoil_nothing_after_them()
    {
        IPolicyTokenizer tokenizer = new SmallByteLevel(merges: 0).Read(_folder);
        int lead = tokenizer.Encode("🙂")[0];
        int plain = tokenizer.Encode("x")[0];

        Assert.Equal("\uFFFDx\uFFFD", tokenizer.Decode([lead, plain, lead]));
        Assert.Equal("\uFFFD", tokenizer.TextOf(lead));
    }

    [Fact]
    public void A_special_token_between_two_halves_adds_nothing()
    {
        var small = new SmallByteLevel(merges: 0);
        IPolicyTokenizer tokenizer = small.Read(_folder);
        IReadOnlyList<int> halves = tokenizer.Encode("é");

        Assert.Equal("é", tokenizer.Decode([halves[0], small.IdOf(SmallByteLevel.End), halves[1]]));
    }

    [Fact]
    public void Added_tokens_are_recognised_in_control_text_and_never_in_given_text()
    {
        IPolicyTokenizer tokenizer = _small.Read(_folder);
        const string text = "a<|turn|>b<think>";
        int turn = _small.IdOf(SmallByteLevel.Turn), think = _small.IdOf(SmallByteLevel.Think);

        Assert.Equal([.. tokenizer.Encode("a"), turn, .. tokenizer.Encode("b"), think], tokenizer.Encode(MarkedText.Control(text)));
        Assert.DoesNotContain(tokenizer.Encode(text), id => id == turn || id == think);
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void A_token_that_given_text_completes_is_none()
    {
        IPolicyTokenizer tokenizer = _small.Read(_folder);
        int turn = _small.IdOf(SmallByteLevel.Turn);
        MarkedText mixed = MarkedText.Concat([MarkedText.Control("<|tu"), MarkedText.Given("rn|>"), MarkedText.Control("<|turn|>")]);

        Assert.Single(tokenizer.Encode(mixed), turn);
        Assert.Equal(turn, tokenizer.Encode(mixed)[^1]);
    }

    [Fact]
    public void Of_added_tokens_that_begin_at_one_place_the_longest_counts()
    {
        JsonObject longer = _small.Json["added_tokens"]![3]!.DeepClone().AsObject();
        longer["content"] = "<think>!";
        longer["id"] = _small.IdOf(SmallByteLevel.Think) + 1;
        _small.Json["added_tokens"]!.AsArray().Add(longer);
        IPolicyTokenizer tokenizer = _small.Read(_folder);

        Assert.Equal([_small.IdOf("<think>!"), _small.IdOf("<think>")], tokenizer.Encode(MarkedText.Control("<think>!<think>")));
    }

    [Fact]
    public void Tokens_that_are_looked_for_after_normalising_are_found_in_text_of_another_form()
    {
        _small.Json["added_tokens"]![3]!["content"] = "<é>";
        _small.Json["added_tokens"]![3]!["normalized"] = true;
        IPolicyTokenizer tokenizer = _small.Read(_folder);

        Assert.Equal([_small.IdOf("<é>")], tokenizer.Encode(MarkedText.Control("<e\u0301>")));
        Assert.Equal(
            [_small.IdOf("<é>"), .. tokenizer.Encode("é")],
            tokenizer.Encode(MarkedText.Concat([MarkedText.Control("<é>"), MarkedText.Given("e\u0301")])));
        Assert.DoesNotContain(_small.IdOf("<é>"), tokenizer.Encode("<é>"));
    }

    [Fact]
    public void Merges_may_be_written_as_texts()
    {
        IReadOnlyList<int> pairs = _small.Read(_folder).Encode("reasoning steps");
        _small.Json["model"]!["merges"] = new JsonArray([.. _small.Json["model"]!["merges"]!.AsArray().Select(pair => (JsonNode)$"{pair![0]} {pair[1]}")]);

        Assert.Equal(pairs, _small.Read(_folder).Encode("reasoning steps"));
    }

    [Fact]
    public void A_stretch_that_is_a_token_is_that_token_where_the_file_says_so()
    {
        JsonObject vocabulary = _small.Json["model"]!["vocab"]!.AsObject();
        vocabulary["zqzq"] = _small.IdOf(SmallByteLevel.Think) + 1;
        Assert.NotEqual([vocabulary["zqzq"]!.GetValue<int>()], _small.Read(_folder).Encode("zqzq"));
        _small.Json["model"]!["ignore_merges"] = true;

        Assert.Equal([vocabulary["zqzq"]!.GetValue<int>()], _small.Read(_folder).Encode("zqzq"));
    }

    [Fact]
    public void The_token_before_a_text_is_the_files_and_stands_before_prompts_alone()
    {
        _small.Json["post_processor"] = new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(
                new JsonObject { ["SpecialToken"] = new JsonObject { ["id"] = SmallByteLevel.Begin } }, new JsonObject { ["Sequence"] = new JsonObject { ["id"] = "A" } }),
        };
        IPolicyTokenizer tokenizer = _small.Read(_folder);

        Assert.Equal([_small.IdOf(SmallByteLevel.Begin), .. tokenizer.Encode("a step")], tokenizer.EncodePrompt("a step", begin: 3));
        _small.Json["post_processor"] = null;
        Assert.Equal(tokenizer.Encode("a step"), _small.Read(_folder).EncodePrompt("a step", begin: 3));
    }

    [Fact]
    public void Half_a_character_is_refused()
    {
        IPolicyTokenizer tokenizer = _small.Read(_folder);

        // Not data of a theory: attributes hold UTF-8, which has no such text.
        foreach (string text in (string[])["\uD83D", "a\uDE42b", "\uD83D\uDE42\uD83D", "\uDE42\uD83D"])
            Assert.Contains("lone surrogate", Assert.Throws<ArgumentException>(() => tokenizer.Encode(text)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stretch_without_a_break_is_bounded()
    {
        IPolicyTokenizer tokenizer = _small.Read(_folder);

        Assert.Contains("without a break", Assert.Throws<ArgumentException>(() => tokenizer.Encode(new string('x', 100_000))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => tokenizer.Encode(new string(' ', ByteLevelTokenizer.LongestText + 1)));
    }

    [Fact]
    public void Letters_beyond_the_basic_plane_are_cut_as_letters()
    {
        var patterns = new SplitPatterns([SmallByteLevel.Pattern]);
        const string text = "a𝐀b 𝟏!🙂";

        Assert.Equal(["a𝐀b", " ", "𝟏", "!🙂"], patterns.Split(text).Select(piece => text.Substring(piece.Start, piece.Length)));
    }

    private static IEnumerable<string> Texts(int count)
    {
        var random = new PhiloxSequence(7, 1, 1);
        for (int i = 0; i < count; i++)
        {
            var text = new StringBuilder();
            int pieces = 1 + random.NextInt(20);
            for (int j = 0; j < pieces; j++)
                text.Append(Pieces[random.NextInt(Pieces.Length)]);
            yield return text.ToString();
        }
    }
}
