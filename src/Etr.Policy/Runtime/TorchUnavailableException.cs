namespace Etr.Policy.Runtime;

/// <summary>The tensor library, or the device asked for, cannot be used on this machine. The message is one sentence with the way out.</summary>
public sealed class TorchUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
