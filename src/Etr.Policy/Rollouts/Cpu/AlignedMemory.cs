using System.Runtime.InteropServices;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>Zeroed native memory on cache lines, with large pages under what is large: fewer translations, faster streams.</summary>
internal sealed unsafe partial class AlignedMemory : IDisposable
{
    private const nuint CacheLine = 64;
    private const nuint LargePage = 2 << 20;
    private const int UseLargePages = 14;

    private void* _address;

    /// <param name="bytes">At least 0.</param>
    public AlignedMemory(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        nuint size = Math.Max(CacheLine, (nuint)bytes);
        _address = NativeMemory.AlignedAlloc(size, size >= LargePage ? LargePage : CacheLine);
        if (size >= LargePage && OperatingSystem.IsLinux())
        {
            // A wish: a system without large pages goes on with small ones.
            _ = AdviseMemory(_address, size, UseLargePages);
        }

        NativeMemory.Clear(_address, size);
    }

    ~AlignedMemory() => Free();

    public byte* Bytes => (byte*)_address;

    public float* Floats => (float*)_address;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(_address);
        _address = null;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int AdviseMemory(void* address, nuint length, int advice);
}
