using System.ClientModel;
using System.ClientModel.Primitives;
using OpenAI;
using OpenAI.Chat;
using OpenAI.Models;

namespace Etr.Silo.Tests.Endpoint;

/// <summary>Conformance by OpenAI's own client for .NET. It has no legacy completions: those are tested over plain HTTP.</summary>
public sealed class OfficialClientTests : IAsyncDisposable
{
    private const string Key = "a-key-of-some-length";
    private readonly ShippedPolicy _shipped = new();

    public ValueTask DisposeAsync() => _shipped.DisposeAsync();

    [Fact]
    public async Task It_lists_and_finds_models()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped, secret: Key);
        OpenAIModelClient models = Client(host).GetOpenAIModelClient();

        OpenAIModelCollection list = await models.GetModelsAsync(TestContext.Current.CancellationToken);
        OpenAIModel one = await models.GetModelAsync("shipped@3", TestContext.Current.CancellationToken);

        Assert.Equal("shipped@3", Assert.Single(list).Id);
        Assert.Equal("etr", one.OwnedBy);
    }

    [Fact]
    public async Task It_reads_a_chat_its_log_probabilities_and_usage()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped, secret: Key);

        ChatCompletion answer = await Client(host).GetChatClient("shipped").CompleteChatAsync(
            [new UserChatMessage(ShippedPolicy.Prompt)], Options(), TestContext.Current.CancellationToken);

        Assert.Equal("shipped@3", answer.Model);
        Assert.Equal(ChatMessageRole.Assistant, answer.Role);
        Assert.NotEmpty(answer.Content[0].Text);
        Assert.Equal(answer.Usage.OutputTokenCount, answer.ContentTokenLogProbabilities.Count);
        Assert.All(answer.ContentTokenLogProbabilities, token =>
        {
            Assert.True(token.LogProbability <= 0);
            Assert.Equal(3, token.TopLogProbabilities.Count);
            Assert.True(token.TopLogProbabilities[0].LogProbability >= token.LogProbability);
        });
        Assert.Equal(answer.Content[0].Text, string.Concat(answer.ContentTokenLogProbabilities.Select(token => token.Token)));
    }

    [Fact]
    public async Task It_reads_a_stream_that_says_what_the_whole_answer_says()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped, secret: Key);
        ChatClient chat = Client(host).GetChatClient("shipped@3");
        ChatCompletion whole = await chat.CompleteChatAsync([new UserChatMessage(ShippedPolicy.Prompt)], Options(), TestContext.Current.CancellationToken);

        string text = "";
        ChatFinishReason? finish = null;
        ChatTokenUsage? usage = null;
        await foreach (StreamingChatCompletionUpdate update in chat.CompleteChatStreamingAsync([new UserChatMessage(ShippedPolicy.Prompt)], Options(), TestContext.Current.CancellationToken))
        {
            text += string.Concat(update.ContentUpdate.Select(part => part.Text));
            finish = update.FinishReason ?? finish;
            usage = update.Usage ?? usage;
        }

        Assert.Equal(whole.Content[0].Text, text);
        Assert.Equal(whole.FinishReason, finish);
        Assert.Equal(whole.Usage.TotalTokenCount, usage?.TotalTokenCount);
    }

    [Fact]
    public async Task It_understands_what_is_refused()
    {
        await using EndpointHost host = await EndpointHost.StartAsync(_shipped, secret: Key);

        ClientResultException unknown = await Assert.ThrowsAsync<ClientResultException>(() => Client(host).GetChatClient("shipped@9").CompleteChatAsync([new UserChatMessage("1")], Options(), TestContext.Current.CancellationToken));
        ClientResultException stranger = await Assert.ThrowsAsync<ClientResultException>(() => Client(host, "another-key-of-some-length").GetChatClient("shipped").CompleteChatAsync([new UserChatMessage("1")], Options(), TestContext.Current.CancellationToken));

        Assert.Equal(404, unknown.Status);
        Assert.Contains("model_not_found", unknown.Message, StringComparison.Ordinal);
        Assert.Equal(401, stranger.Status);
    }

#pragma warning disable OPENAI001 // A seed is all that makes a stream and a whole answer the same.
    private static ChatCompletionOptions Options() => new() { MaxOutputTokenCount = 50, Temperature = 0.7f, IncludeLogProbabilities = true, TopLogProbabilityCount = 3, Seed = 17 };
#pragma warning restore OPENAI001

    private static OpenAIClient Client(EndpointHost host, string key = Key) => new(
        new ApiKeyCredential(key), new OpenAIClientOptions { Endpoint = new Uri(host.Address, "v1"), RetryPolicy = new ClientRetryPolicy(0) });
}
