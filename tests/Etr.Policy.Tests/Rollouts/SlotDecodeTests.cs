using Etr.Core.Rollouts;
using Etr.Policy.Models;
using Etr.Policy.Rollouts;
using Etr.Policy.Tests.Tokenizers.ByteLevel;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Tests.Rollouts;

public sealed class SlotDecodeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-slots-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(4)]
    public void A_character_of_several_tokens_is_whole_wherever_an_earlier_sampler_stopped(int drawnBefore)
    {
        IPolicyTokenizer tokenizer = new SmallByteLevel(merges: 0).Read(_folder);
        int[] ids = [.. tokenizer.Encode("🙂!\n\n")];
        var observer = new RecordingObserver(1);
        var before = new TokenText(tokenizer);
        SampledToken[] prefix = [.. ids.Take(drawnBefore).Select(id => new SampledToken(id, before.Append(id), 0, 0, 0, false, 0))];
        var slot = new RequestDecode(
            new RolloutRequest("?", 0, 0, 1, new PolicyRef(0, "", ""), new SamplingOptions(), [new RolloutSlot(0, prefix)], observer, CancellationToken.None),
            new PolicyVocabulary(Config(tokenizer), tokenizer)).Slots[0];

        foreach (int id in ids.Skip(drawnBefore))
            slot.Accept(new DrawnToken(id, 0, 0, 0, id));
        slot.Cancel();
        slot.Finish();

        Assert.Equal("🙂!\n\n", string.Concat(prefix.Concat(observer.Trace(0)).Select(token => token.Text)));
    }

    [Fact]
    public void A_tokens_file_may_name_an_end_that_the_configuration_does_not()
    {
        IPolicyTokenizer tokenizer = new SmallByteLevel(merges: 0).Read(_folder);
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), """{"eos_token":"<|end|>"}""");
        IPolicyTokenizer opened = Policy.Tokenizers.Chat.PromptTokenizer.Open(_folder, "auto");
        var vocabulary = new PolicyVocabulary(Config(tokenizer), opened);

        Assert.Equal([0, .. opened.EndTokens], Enumerable.Range(0, vocabulary.Size).Where(vocabulary.Ends));
    }

    private static ModelConfig Config(IPolicyTokenizer tokenizer) => new()
    {
        VocabularySize = tokenizer.VocabularySize,
        HiddenSize = 8,
        IntermediateSize = 8,
        Layers = 1,
        Heads = 1,
        KeyValueHeads = 1,
        HeadSize = 8,
        ContextLength = 64,
        EndTokens = [0],
    };
}
