namespace Etr.Policy.Tokenizers.Chat;

/// <summary>One message of a conversation. Its text is given: no part of it is ever read as a special token.</summary>
/// <param name="Role"><c>system</c>, <c>user</c> or <c>assistant</c>.</param>
/// <param name="Content">Its text.</param>
public sealed record ChatMessage(string Role, string Content);
