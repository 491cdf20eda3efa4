using System.Security.Cryptography;
using Etr.Core.Rollouts;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers.Chat;
using Etr.Silo.Cli;

namespace Etr.Silo.Engines;

/// <summary>The policy a run starts from.</summary>
internal static class StartingPolicy
{
    /// <summary>
    /// Finds a model's folder: as named from the working directory, else from the folders above the program, so that the
    /// shipped model is found wherever <c>etr</c> is started.
    /// </summary>
    public static string Locate(string path)
    {
        if (Path.IsPathRooted(path) || Directory.Exists(path))
            return Path.GetFullPath(path);
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, path);
            if (File.Exists(Path.Combine(candidate, ModelFiles.Config)))
                return candidate;
        }

        return Path.GetFullPath(path);
    }

    /// <summary>Checks a model's folder without loading a weight.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="template"><c>Etr:Policy:Template</c>.</param>
    /// <exception cref="CommandFailure">There is no such folder.</exception>
    /// <exception cref="Policy.Checkpoints.CheckpointException">A file of it is not as it should be.</exception>
    public static ModelDescription Describe(string folder, string template)
    {
        if (!Directory.Exists(folder))
            throw new CommandFailure($"there is no model directory {folder}: name one that exists, or make the shipped one with 'etr pretrain --out models/arithmetic'");
        ModelDescription model = ModelFiles.Describe(folder);
        int ids = PromptTokenizer.Open(folder, template).VocabularySize;
        return ids <= model.Config.VocabularySize
            ? model
            : throw new CheckpointException(
                Path.Combine(folder, ModelFiles.Tokenizer), "vocab", $"at most {model.Config.VocabularySize} ids, which the embedding has rows for", $"{ids}");
    }

    /// <summary>Version 0 of a policy: the weights in a model's folder. Shards have the hash of the file they join to.</summary>
    public static async Task<PolicyRef> OfAsync(string folder, CancellationToken cancellationToken)
    {
        string file = ModelFiles.WeightsOf(folder);
        return new PolicyRef(0, file, await Task.Run(() => JoinedWeights.Sha256(file), cancellationToken));
    }

    /// <summary>SHA-256 of a file in lower-case hexadecimal.</summary>
    public static async Task<string> Sha256Async(string file, CancellationToken cancellationToken)
    {
        await using FileStream stream = File.OpenRead(file);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellationToken));
    }
}
