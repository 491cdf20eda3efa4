namespace Etr.Core.Prompts;

/// <summary>Counts what a policy reads of a prompt. Used from several threads.</summary>
public interface IPromptMeasure
{
    /// <summary>Most tokens that leave room for an answer.</summary>
    int Room { get; }

    /// <summary>Tokens of a prompt, chat template included.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="enough">Where there are certainly no more than so many, any number up to it may be answered.</param>
    /// <exception cref="ArgumentException">The policy has no tokens for it; the message says where.</exception>
    int Tokens(string prompt, int enough);
}
