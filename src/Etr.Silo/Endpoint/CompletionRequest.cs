using Etr.Core.Rollouts;

namespace Etr.Silo.Endpoint;

/// <summary>A request for completions, checked.</summary>
internal sealed record CompletionRequest
{
    /// <summary>Whether it is a conversation.</summary>
    public required bool IsChat { get; init; }

    /// <summary>The policy it names; empty for the newest.</summary>
    public required string Model { get; init; }

    /// <summary>The prompt as text; empty where it came as ids or as messages.</summary>
    public string Text { get; init; } = "";

    /// <summary>The prompt as ids; null where it came otherwise.</summary>
    public IReadOnlyList<int>? Tokens { get; init; }

    /// <summary>The conversation; empty unless <see cref="IsChat"/>.</summary>
    public IReadOnlyList<Etr.Policy.Tokenizers.Chat.ChatMessage> Messages { get; init; } = [];

    /// <summary>Traces wanted.</summary>
    public int Choices { get; init; } = 1;

    /// <summary>Temperature, truncation and most new tokens, the prefix not among them.</summary>
    public required SamplingOptions Sampling { get; init; }

    /// <summary>The seed; null takes a random one.</summary>
    public ulong? Seed { get; init; }

    /// <summary>Texts that end a trace and are not part of it.</summary>
    public IReadOnlyList<string> Stops { get; init; } = [];

    /// <summary>Whether tokens are sent as they are drawn.</summary>
    public bool Stream { get; init; }

    /// <summary>Whether a stream ends with the number of tokens.</summary>
    public bool StreamUsage { get; init; }

    /// <summary>Most probable tokens sent with each token, 0 to 5; −1 where no log-probabilities are wanted.</summary>
    public int LogProbs { get; init; } = -1;

    /// <summary>Whether ids of prompt and trace are sent.</summary>
    public bool ReturnTokenIds { get; init; }

    /// <summary>Whether tokens among the log-probabilities are named by their ids.</summary>
    public bool TokensAsIds { get; init; }

    /// <summary>What only another silo asks for; null for everyone else.</summary>
    public TraceRequest? Traces { get; init; }
}

/// <summary>Which traces a silo asks for, so that they are the ones its own engine would draw.</summary>
/// <param name="Prompt">The prompt's index.</param>
/// <param name="Round">The prompt's round.</param>
/// <param name="Slots">The slot of each choice.</param>
/// <param name="Prefix">How many of the prompt's last ids are the trace's own beginning.</param>
internal sealed record TraceRequest(uint Prompt, uint Round, IReadOnlyList<uint> Slots, int Prefix);
