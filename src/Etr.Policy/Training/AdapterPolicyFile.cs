using Etr.Core.Training;
using Etr.Policy.Adapters;
using Etr.Policy.Models;

namespace Etr.Policy.Training;

/// <summary>The adapters alone: the model they belong to is version 0, which samplers have.</summary>
internal sealed class AdapterPolicyFile(AdapterWeights adapters, string baseSha256) : IPolicyWriter
{
    /// <inheritdoc/>
    public FileRef Save(string folder, DecoderWeights weights) => AdapterFile.Write(folder, adapters, baseSha256);
}
