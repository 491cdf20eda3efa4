namespace Etr.Policy.Tokenizers.Chat;

/// <summary>A chat template is not one that can be read here, costs too much, or refuses what it is given.</summary>
public sealed class ChatTemplateException(string message) : ArgumentException(message);
