using System.Text.Json;
using Etr.Policy.Tokenizers;
using Etr.Policy.Tokenizers.Normalization;

namespace Etr.Policy.Tests.Tokenizers;

public sealed class PublishedTokenizerTests
{
    private static readonly string[] Texts =
    [
        "", " ", "a", "Let $x_1 = \\frac{3}{4}$; it's 12,345.678 — isn't it?\r\n\r\n  So\tx\n", "naïve façade Über größe", "шаг за шагом", "数字を足してから確かめる。1234",
        "नमस्ते दुनिया", "🙂👩‍👩‍👧‍👦🏳️‍🌈", "𝐀𝐁 x!𝐀b 𝟏𝟐𝟑4", "<|im_start|><|eot_id|><｜User｜></s><think>", "   \n\n  \t x", "\u00A0\u3000x\u2028y\u0000", new string('x', 3000), "def f(x):\n    return x**2  # ok\n",
    ];

    [Theory]
    [InlineData("qwen2_5")]
    [InlineData("qwen3")]
    [InlineData("llama3_1")]
    [InlineData("deepseek_v3")]
    public void Every_text_comes_back_and_none_of_it_is_a_special_token(string name)
    {
        IPolicyTokenizer tokenizer = TokenizerFile.Read(Path.Combine(PublishedTokenizers.Require(name), "tokenizer.json"));

        foreach (string text in Texts)
        {
            IReadOnlyList<int> ids = tokenizer.Encode(text);
            var stream = new TokenText(tokenizer);
            Assert.Equal(text, tokenizer.Decode(ids));
            Assert.Equal(text, string.Concat(ids.Select(stream.Append).ToArray()));
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(MarkedText.Concat([MarkedText.Given(text)]))));
        }

        Assert.Equal(CanonicalComposition.Normalize("e\u0301"), CanonicalComposition.Normalize(tokenizer.Decode(tokenizer.Encode("e\u0301"))));
    }

    [Fact]
    public void Qwen_has_the_ids_that_are_known()
    {
        string vectors = SharedData("tokenizer_qwen_vectors.jsonl");
        IPolicyTokenizer tokenizer = TokenizerFile.Read(Path.Combine(PublishedTokenizers.Require("qwen3"), "tokenizer.json"));

        foreach (string line in File.ReadLines(vectors))
        {
            using JsonDocument known = JsonDocument.Parse(line);
            int[] ids = [.. known.RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            Assert.Equal(ids, tokenizer.Encode(MarkedText.Control(known.RootElement.GetProperty("text").GetString()!)));
        }
    }

    private static string SharedData(string name)
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string file = Path.Combine(at.FullName, "shared", "data", name);
            if (File.Exists(file))
                return file;
        }

        Assert.Skip($"shared/data/{name} is not beside the repository.");
        return "";
    }
}
