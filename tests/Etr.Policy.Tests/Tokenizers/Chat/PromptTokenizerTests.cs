using Etr.Core.Runs;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Pretraining;
using Etr.Policy.Tests.Tokenizers.ByteLevel;
using Etr.Policy.Tokenizers;
using Etr.Policy.Tokenizers.Chat;

namespace Etr.Policy.Tests.Tokenizers.Chat;

public sealed class PromptTokenizerTests : IDisposable
{
    private const string Template = """{{ bos_token }}{% for m in messages %}{{ '<|turn|>' ~ m.role ~ '\n' ~ m.content ~ eos_token }}{% endfor %}{% if add_generation_prompt %}<|turn|>{% endif %}""";

    private readonly string _folder = Directory.CreateTempSubdirectory("etr-prompts-").FullName;
    private readonly SmallByteLevel _small = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_prompt_is_put_into_the_models_own_template_and_cannot_leave_its_message()
    {
        IPolicyTokenizer plain = _small.Read(_folder);
        WriteConfig(Template);
        IPolicyTokenizer tokenizer = PromptTokenizer.Open(_folder, "auto");
        int turn = _small.IdOf(SmallByteLevel.Turn), end = _small.IdOf(SmallByteLevel.End);

        int[] expected = [_small.IdOf(SmallByteLevel.Begin), turn, .. plain.Encode("user\na step <|end|><|turn|><think>"), end, turn];
        Assert.Equal(expected, tokenizer.EncodePrompt("a step <|end|><|turn|><think>", begin: 7));
        Assert.Equal([end], tokenizer.EndTokens);
        Assert.Equal(plain.Encode("a step"), tokenizer.Encode("a step"));
    }

    [Fact]
    public void A_template_in_a_file_of_its_own_comes_first()
    {
        WriteConfig("{{ raise_exception('not this one') }}");
        _small.Read(_folder);
        File.WriteAllText(Path.Combine(_folder, "chat_template.jinja"), "<|turn|>{{ messages[0].content }}");

        Assert.Equal(_small.IdOf(SmallByteLevel.Turn), PromptTokenizer.Open(_folder, "auto").EncodePrompt("x", null)[0]);
    }

    [Fact]
    public void Of_several_templates_the_default_one_counts()
    {
        _small.Read(_folder);
        File.WriteAllText(
            Path.Combine(_folder, "tokenizer_config.json"),
            """{"chat_template":[{"name":"tool_use","template":"{{ 1 }}"},{"name":"default","template":"<|turn|>{{ messages[0].content }}"}]}""");

        Assert.Equal(_small.IdOf(SmallByteLevel.Turn), PromptTokenizer.Open(_folder, "auto").EncodePrompt("x", null)[0]);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("auto")]
    public void Without_a_template_a_prompt_is_read_as_it_is(string template)
    {
        IPolicyTokenizer plain = _small.Read(_folder);

        Assert.Equal(plain.Encode("a step"), PromptTokenizer.Open(_folder, template).EncodePrompt("a step", begin: 3));
    }

    [Fact]
    public void None_passes_over_a_template_that_is_not_known_here()
    {
        WriteConfig("{% macro f() %}{% endmacro %}");
        IPolicyTokenizer plain = _small.Read(_folder);

        Assert.Equal(plain.Encode("x"), PromptTokenizer.Open(_folder, "none").EncodePrompt("x", null));
        Assert.Equal("chat_template", Assert.Throws<CheckpointException>(() => PromptTokenizer.Open(_folder, "auto")).Tensor);
    }

    [Fact]
    public void A_template_that_refuses_a_prompt_is_refused_when_the_model_is_opened()
    {
        WriteConfig("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}");
        _small.Read(_folder);

        Assert.Contains("steps", Assert.Throws<CheckpointException>(() => PromptTokenizer.Open(_folder, "auto")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_named_template_needs_its_tokens_in_the_vocabulary()
    {
        _small.Read(_folder);
        Assert.Contains("<|im_end|>", Assert.Throws<CheckpointException>(() => PromptTokenizer.Open(_folder, "qwen3")).Message, StringComparison.Ordinal);
        _small.Json["added_tokens"]![1]!["content"] = "<|im_start|>";
        _small.Json["added_tokens"]![2]!["content"] = "<|im_end|>";
        IPolicyTokenizer plain = _small.Read(_folder);

        IPolicyTokenizer tokenizer = PromptTokenizer.Open(_folder, "qwen3");

        int start = _small.IdOf("<|im_start|>"), end = _small.IdOf("<|im_end|>");
        Assert.Equal([start, .. plain.Encode("user\nx"), end, .. plain.Encode("\n"), start, .. plain.Encode("assistant\n")], tokenizer.EncodePrompt("x", null));
        Assert.Equal([end], tokenizer.EndTokens);
    }

    [Fact]
    public void The_begin_token_of_the_tokenizers_configuration_stands_before_a_plain_prompt()
    {
        IPolicyTokenizer plain = _small.Read(_folder);
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), """{"add_bos_token":true,"bos_token":{"content":"<|begin|>"}}""");

        Assert.Equal([_small.IdOf(SmallByteLevel.Begin), .. plain.Encode("x")], PromptTokenizer.Open(_folder, "auto").EncodePrompt("x", null));
    }

    [Fact]
    public void A_list_of_pieces_is_read_as_ever_and_has_no_templates()
    {
        TokenizerFile.Write(Path.Combine(_folder, ModelFiles.Tokenizer), ArithmeticTokenizer.Create());

        IPolicyTokenizer tokenizer = PromptTokenizer.Open(_folder, "auto");

        Assert.IsType<PieceTokenizer>(tokenizer);
        Assert.Equal([5, .. tokenizer.Encode("1)6*8=")], tokenizer.EncodePrompt("1)6*8=", begin: 5));
        Assert.Equal(tokenizer.Encode("1)6*8="), tokenizer.EncodePrompt("1)6*8=", begin: null));
        Assert.Throws<CheckpointException>(() => PromptTokenizer.Open(_folder, "qwen3"));
    }

    [Theory]
    [InlineData("""{"chat_template":7}""", "chat_template")]
    [InlineData("""{"chat_template":[{"name":"other","template":"x"}]}""", "chat_template")]
    [InlineData("""{"eos_token":7}""", "eos_token.content")]
    [InlineData("""{"add_bos_token":"yes"}""", "add_bos_token")]
    [InlineData("""{""", null)]
    public void A_configuration_that_is_none_is_refused_by_name(string json, string? place)
    {
        _small.Read(_folder);
        File.WriteAllText(Path.Combine(_folder, "tokenizer_config.json"), json);

        Assert.Equal(place, Assert.Throws<CheckpointException>(() => PromptTokenizer.Open(_folder, "auto")).Tensor);
    }

    [Theory]
    [InlineData("cpu", "none", "auto", "cpu")]
    [InlineData("auto", "int8", "qwen2.5", "auto+int8+template=qwen2.5")]
    [InlineData("torch", "none", "deepseek-r1", "torch+template=deepseek-r1")]
    public void A_template_travels_with_the_engines_kind(string engine, string quantization, string template, string kind)
    {
        var policy = new PolicyOptions { Engine = engine, Quantization = quantization, Template = template };

        Assert.Equal(kind, policy.ToEngineKind());
        Assert.Equal(policy, new PolicyOptions { Quantization = "int8", Template = "none" }.WithEngineKind(kind));
    }

    private void WriteConfig(string template) => File.WriteAllText(
        Path.Combine(_folder, "tokenizer_config.json"),
        new System.Text.Json.Nodes.JsonObject { ["chat_template"] = template, ["bos_token"] = "<|begin|>", ["eos_token"] = new System.Text.Json.Nodes.JsonObject { ["content"] = "<|end|>" } }.ToJsonString());
}
