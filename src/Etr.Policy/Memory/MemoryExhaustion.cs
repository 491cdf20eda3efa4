using System.Runtime.InteropServices;

namespace Etr.Policy.Memory;

/// <summary>Tells "out of memory" from everything else that a tensor library can fail with.</summary>
internal static class MemoryExhaustion
{
    // What libtorch's allocators say: on CUDA, on the CPU, and what the CUDA driver and its libraries say for themselves.
    private static readonly string[] Messages =
    [
        "out of memory",
        "can't allocate memory",
        "not enough memory",
        "CUBLAS_STATUS_ALLOC_FAILED",
        "CUDNN_STATUS_ALLOC_FAILED",
    ];

    /// <summary>Whether an exception says that memory has run out.</summary>
    public static bool Is(Exception exception) =>
        exception is OutOfMemoryException
        || (exception is ExternalException && Messages.Any(message => exception.Message.Contains(message, StringComparison.OrdinalIgnoreCase)));
}
