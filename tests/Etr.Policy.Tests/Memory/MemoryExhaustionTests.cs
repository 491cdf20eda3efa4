using Etr.Policy.Memory;
using TorchSharp;

namespace Etr.Policy.Tests.Memory;

public sealed class MemoryExhaustionTests
{
    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 79.11 GiB of which 1.12 GiB is free.")]
    [InlineData("CUDA error: out of memory")]
    [InlineData("[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 4503599627370496 bytes. Error code 12 (Cannot allocate memory)")]
    [InlineData("[enforce fail at alloc_cpu.cpp:98] data. DefaultCPUAllocator: not enough memory: you tried to allocate 4503599627370496 bytes.")]
    [InlineData("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`")]
    public void What_libtorch_says_when_memory_runs_out_is_known(string message) => Assert.True(MemoryExhaustion.Is(new TorchFailure(message)));

    [Theory]
    [InlineData("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)")]
    [InlineData("CUDA error: an illegal memory access was encountered")]
    public void Other_failures_are_not_taken_for_it(string message) => Assert.False(MemoryExhaustion.Is(new TorchFailure(message)));

    [Fact]
    public void Words_of_others_than_libtorch_do_not_count() => Assert.False(MemoryExhaustion.Is(new InvalidOperationException("CUDA out of memory")));

    [Fact]
    public void An_allocation_that_cannot_be_made_is_recognised()
    {
        _ = Etr.Policy.Runtime.TorchRuntime.Start("cpu", 1);
        Exception failure = Assert.ThrowsAny<Exception>(() => torch.empty(1L << 50));
        Assert.True(MemoryExhaustion.Is(failure), $"{failure.GetType()}: {failure.Message}");
    }
}
