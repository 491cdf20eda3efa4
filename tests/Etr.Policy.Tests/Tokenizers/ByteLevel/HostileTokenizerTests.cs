using System.Diagnostics;
using System.Text.Json.Nodes;
using Etr.Policy.Checkpoints;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Tests.Tokenizers.ByteLevel;

public sealed class HostileTokenizerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-hostile-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    public static TheoryData<string, string, string> Spoiled => new()
    {
        { "model.merges", """["a"]""", "model.merges[0]" },
        { "model.merges", """["a b c"]""", "model.merges[0]" },
        { "model.merges", """[["a","absent"]]""", "model.merges[0]" },
        { "model.merges", """["a b"]""", "model.merges[0]" }, // Both are there, what they join to is not.
        { "model.merges", """[["a","b","c"]]""", "model.merges[0]" },
        { "model.merges", """[7]""", "model.merges[0]" },
        { "model.merges", """{}""", "model.merges" },
        { "model.merges", "null", "model.merges" },
        { "model.vocab", """{"a":0}""", "model.vocab" },
        { "model.vocab", """[]""", "model.vocab" },
        { "model.vocab.a", "-1", "id of 'a'" },
        { "model.vocab.a", "2000000000", "id of 'a'" },
        { "model.vocab.a", "1e99", "id of 'a'" },
        { "model.vocab.a", "\"7\"", "id of 'a'" },
        { "model.vocab.a", "3", "id of 'a'" },
        { "model.dropout", "0.1", "model.dropout" },
        { "model.byte_fallback", "true", "model.byte_fallback" },
        { "model.end_of_word_suffix", "\"</w>\"", "model.end_of_word_suffix" },
        { "added_tokens", """[{"id":2000000000,"content":"<x>"}]""", "id of '<x>'" },
        { "added_tokens", """[{"id":1,"content":"<x>"}]""", "id of '<x>'" },
        { "added_tokens", """[{"id":600}]""", "added_tokens[0].content" },
        { "added_tokens", """[{"id":600,"content":""}]""", "added_tokens[0].content" },
        { "added_tokens", """[{"id":600,"content":"<x>","lstrip":true}]""", "added_tokens[0].lstrip" },
        { "added_tokens", """[{"id":600,"content":"<x>"},{"id":601,"content":"<x>"}]""", "added_tokens" },
        { "normalizer", """{"type":"Lowercase"}""", "normalizer.type" },
        { "normalizer", """{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Strip"}]}""", "normalizer.normalizers[1].type" },
        { "pre_tokenizer", "null", "pre_tokenizer.type" },
        { "pre_tokenizer", """{"type":"Whitespace"}""", "pre_tokenizer.type" },
        { "pre_tokenizer", """{"type":"ByteLevel","add_prefix_space":true}""", "pre_tokenizer.add_prefix_space" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"Regex":"a"},"behavior":"Isolated"}""", "pre_tokenizer" },
        { "pre_tokenizer", """{"type":"Split","pattern":{"Regex":"a"},"behavior":"Removed"}""", "pre_tokenizer.behavior" },
        { "post_processor", """{"type":"BertProcessing"}""", "post_processor.type" },
        { "post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<absent>"}}]}""", "post_processor.single[0].SpecialToken.id" },
    };

    [Theory]
    [MemberData(nameof(Spoiled))]
    public void What_would_make_other_tokens_is_refused_by_its_name(string place, string value, string name)
    {
        var small = new SmallByteLevel();
        string[] path = place.Split('.');
        JsonNode parent = path[..^1].Aggregate((JsonNode)small.Json, (node, part) => node[part]!);
        parent[path[^1]] = JsonNode.Parse(value);

        CheckpointException e = Assert.Throws<CheckpointException>(() => small.Read(_folder));

        Assert.Equal(name, e.Tensor);
        Assert.True(e.Message.Length < 500);
    }

    [Theory]
    [InlineData("(a+)+$")]
    [InlineData("(?:a|aa)*b")]
    [InlineData("(?:\\s|\\s\\s)*y")]
    [InlineData("(?:\\p{L}+ ?)+\\p{N}")]
    [InlineData("(")]
    [InlineData("\\x{1F600}")]
    [InlineData("[🙂-🚀]")]
    public void A_pattern_that_is_none_or_takes_for_ever_is_refused_when_it_is_read(string pattern)
    {
        var small = new SmallByteLevel(merges: 0);
        small.Json["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = pattern;
        long start = Stopwatch.GetTimestamp();

        CheckpointException e = Assert.Throws<CheckpointException>(() => small.Read(_folder));

        Assert.Equal("pre_tokenizer", e.Tensor);
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void A_pattern_that_takes_for_ever_on_one_text_alone_is_stopped_there()
    {
        var small = new SmallByteLevel(merges: 0);
        small.Json["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = "(?:q|qq)*z";
        IPolicyTokenizer tokenizer = small.Read(_folder);

        Assert.NotEmpty(tokenizer.Encode("a step"));
        Assert.Contains("too long", Assert.Throws<ArgumentException>(() => tokenizer.Encode(new string('q', 64) + "!z")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_special_token_that_merging_would_make_of_plain_text_is_refused()
    {
        var small = new SmallByteLevel();
        JsonNode merge = small.Json["model"]!["merges"]![0]!;
        string made = (string)merge[0]! + (string)merge[1]!;
        small.Json["added_tokens"] = new JsonArray(new JsonObject { ["id"] = small.Ids[made], ["content"] = made, ["special"] = true });

        Assert.Equal("model.merges[0]", Assert.Throws<CheckpointException>(() => small.Read(_folder)).Tensor);
    }

    [Fact]
    public void A_file_that_is_too_large_or_too_deep_is_refused_before_it_is_read()
    {
        string path = Path.Combine(_folder, "tokenizer.json");
        using (FileStream stream = File.Create(path))
            stream.SetLength(100_000_000);
        Assert.Contains("at most", Assert.Throws<CheckpointException>(() => TokenizerFile.Read(path)).Expected, StringComparison.Ordinal);

        File.WriteAllText(path, string.Concat(Enumerable.Repeat("""{"normalizers":[""", 50_000)));
        Assert.Equal("valid JSON", Assert.Throws<CheckpointException>(() => TokenizerFile.Read(path)).Expected);
    }

    [Fact]
    public void Sequences_within_sequences_are_bounded()
    {
        var small = new SmallByteLevel();
        JsonNode inner = new JsonObject { ["type"] = "NFC" };
        for (int i = 0; i < 8; i++)
            inner = new JsonObject { ["type"] = "Sequence", ["normalizers"] = new JsonArray(inner) };
        small.Json["normalizer"] = inner;

        Assert.StartsWith("normalizer.", Assert.Throws<CheckpointException>(() => small.Read(_folder)).Tensor, StringComparison.Ordinal);
    }
}
