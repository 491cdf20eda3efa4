using Etr.Core.Training;
using Etr.Policy.Models;

namespace Etr.Policy.Training;

/// <summary>Writes what samplers load of a policy version: the whole weights, or adapters alone.</summary>
internal interface IPolicyWriter
{
    /// <summary>Writes a version, named by its content.</summary>
    /// <exception cref="IOException">The file cannot be written.</exception>
    FileRef Save(string folder, DecoderWeights weights);
}
