using System.Runtime.InteropServices;

namespace Etr.Policy.Rollouts.Cpu;

/// <summary>Zeroed native memory on cache lines, with large pages under what is large: fewer translations, faster streams.</summary>
internal sealed unsafe partial class AlignedMemory : IDisposable
{
    private const nuint CacheLine = 64;
    private const nuint LargePage = 2 << 20;
    private const int UseLargePages = 14;

    private void* _address;
    private void* _block;

    /// <param name="bytes">At least 0.</param>
    public AlignedMemory(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        nuint size = Math.Max(CacheLine, (nuint)bytes);
        nuint unit = size >= LargePage ? LargePage : CacheLine;
        // Large blocks come from the system as zeroes: whoever fills them is the first to touch them.
        _block = NativeMemory.AllocZeroed(size + unit);
        _address = (void*)(((nuint)_block + unit - 1) / unit * unit);
        if (unit == LargePage && OperatingSystem.IsLinux())
        {
            // A wish: a system without large pages goes on with small ones.
            _ = AdviseMemory(_address, size, UseLargePages);
        }
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
        NativeMemory.Free(_block);
        _address = null;
        _block = null;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int AdviseMemory(void* address, nuint length, int advice);
}
