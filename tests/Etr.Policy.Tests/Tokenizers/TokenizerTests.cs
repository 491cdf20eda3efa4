using Etr.Core.Rollouts;
using Etr.Core.Tasks.Arithmetic;
using Etr.Policy.Checkpoints;
using Etr.Policy.Pretraining;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Tests.Tokenizers;

public sealed class TokenizerTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-tokenizer-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_longest_piece_wins_and_the_blank_line_is_one_token()
    {
        PieceTokenizer tokenizer = ArithmeticTokenizer.Create();

        string[] texts = [.. tokenizer.Encode("1)6*8=8\n\nanswer=8.").Select(tokenizer.TextOf)];

        Assert.Equal(["1)", "6", "*", "8", "=", "8", "\n\n", "answer", "=", "8", "."], texts);
    }

    [Fact]
    public void Every_prompt_and_chain_of_the_task_comes_back_whole_after_writing_and_reading_the_file()
    {
        string path = Path.Combine(_folder, "tokenizer.json");
        TokenizerFile.Write(path, ArithmeticTokenizer.Create(ArithmeticStyles.Parse("ABCD")));
        IPolicyTokenizer tokenizer = TokenizerFile.Read(path);

        Assert.Equal(ArithmeticVocabulary.Pieces.Count + 4, tokenizer.VocabularySize);
        for (int i = 0; i < 300; i++)
        {
            ArithmeticProblem problem = ArithmeticProblem.FromNumber((ArithmeticStyle)(i % 4), i * 9973);
            string text = problem.Prompt + problem.Demonstrate(new PhiloxSequence(4, 5, (ulong)i), redundancy: 1, slip: 0.1);
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        }

        Assert.Equal("", tokenizer.TextOf(ArithmeticTokenizer.EndToken));
        Assert.Equal(ArithmeticTokenizer.Create().Encode("wait h2 "), tokenizer.Encode("wait h2 "));
    }

    [Theory]
    [InlineData("[A]7 ", 4)]
    [InlineData("x", 0)]
    [InlineData("1)6\n", 3)]
    public void Text_outside_the_vocabulary_is_refused_with_its_place(string text, int place)
    {
        ArgumentException e = Assert.Throws<ArgumentException>(() => ArithmeticTokenizer.Create().Encode(text));

        Assert.Contains($"character {place}", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"model":{"type":"Unigram"}}""", "model.type")]
    [InlineData("""{"model":{"type":"BPE"}}""", "model.vocab")]
    [InlineData("""{"model":{"type":"WordLevel"}}""", "model.vocab")]
    [InlineData("""{"model":{"type":"WordLevel","vocab":{"a":0,"b":0}}}""", "model.vocab")]
    [InlineData("""{"model":{"type":"WordLevel","vocab":{"a":2000000000}}}""", "model.vocab")]
    [InlineData("""{"model":{"type":"WordLevel","vocab":{"a":-1}}}""", "id of 'a'")]
    [InlineData("""{"model":{"type":"WordLevel","vocab":{"a":0}}}""", "pre_tokenizer.pattern")]
    [InlineData("""{"model":{"type":"WordLevel","vocab":{"a":0}},"pre_tokenizer":{"pattern":{"Regex":"(a+)+$"}}}""", "pre_tokenizer.pattern")]
    [InlineData("""[]""", "model.type")]
    [InlineData("""{""", null)]
    public void A_tokenizer_of_another_kind_is_refused(string json, string? field)
    {
        string path = Path.Combine(_folder, "other.json");
        File.WriteAllText(path, json);

        CheckpointException e = Assert.Throws<CheckpointException>(() => TokenizerFile.Read(path));

        Assert.Equal(path, e.File);
        Assert.Equal(field, e.Tensor);
    }
}
