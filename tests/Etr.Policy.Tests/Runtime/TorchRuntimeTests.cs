using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Tests.Runtime;

public sealed class TorchRuntimeTests
{
    [Fact]
    public void Libtorch_loads_and_multiplies()
    {
        TorchRuntime runtime = TorchRuntime.Start(threads: 1);

        using torch.Tensor a = torch.arange(1, 5, torch.float32).reshape(2, 2);
        using torch.Tensor b = a.matmul(a);

        Assert.Equal(1, runtime.Threads);
        Assert.Equal([7f, 10f, 15f, 22f], b.data<float>().ToArray());
    }

    [Fact]
    public void A_missing_CUDA_device_is_refused_with_the_way_out()
    {
        TorchRuntime.Start(threads: 1);
        Assert.SkipWhen(torch.cuda.is_available(), "this machine has CUDA");

        TorchUnavailableException e = Assert.Throws<TorchUnavailableException>(() => TorchRuntime.Start("cuda"));

        Assert.Contains("choose device cpu", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:99")]
    public void An_unknown_device_is_refused(string device) =>
        Assert.Throws<ArgumentException>(() => TorchRuntime.Start(device));
}
