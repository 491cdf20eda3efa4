namespace Etr.Policy.Tokenizers.Chat.Jinja;

/// <summary>What one rendering may cost. Every step and every character that is made is paid for before it is made.</summary>
internal sealed class JinjaBudget
{
    /// <summary>Most steps: expressions evaluated, statements run, elements gone through.</summary>
    public const int MostSteps = 2_000_000;

    /// <summary>Most characters made, the result's and those on the way.</summary>
    public const int MostCharacters = 64_000_000;

    private long _steps;
    private long _characters;

    public void Step(long count = 1)
    {
        if ((_steps += count) > MostSteps)
            throw new ChatTemplateException($"chat template: more than {MostSteps} steps");
    }

    public void Characters(long count)
    {
        if ((_characters += count) > MostCharacters)
            throw new ChatTemplateException($"chat template: more than {MostCharacters} characters");
    }
}
