using System.Runtime.InteropServices;

namespace Etr.Policy.Tests.Memory;

/// <summary>A failure of libtorch as TorchSharp throws it.</summary>
internal sealed class TorchFailure(string message) : ExternalException(message);
