using Etr.Policy.Memory;
using Etr.Policy.Rollouts;
using Etr.Policy.Runtime;

namespace Etr.Policy.Tests.Devices;

public sealed class DeviceTests
{
    [Fact]
    public void The_cpu_multiplies_in_the_types_that_a_run_can_ask_for()
    {
        IReadOnlyList<TypeProbe> probes = DeviceProbe.Probe(TorchRuntime.Start("cpu", 1));

        Assert.Equal(["f32", "bf16", "f16"], probes.Select(probe => probe.Name));
        Assert.All(probes.Take(2), probe => Assert.Null(probe.Problem));
        Assert.True(probes[0].Error < 1e-6 && probes[1].Error > 1e-4);
    }

    [Fact]
    public void The_torch_engine_on_the_cpu_computes_what_the_cpu_engine_does()
    {
        EngineParity parity = EngineParity.Measure(TorchRuntime.Start("cpu", 1));

        Assert.InRange(parity.FullGap, 0, 1e-4);
        // Eight bits of a number are eight bits.
        Assert.InRange(parity.HalfGap, 1e-4, 0.5);
    }

    [Fact]
    public void A_device_that_is_not_there_has_no_memory_that_anyone_knows_of()
    {
        Assert.Null(DeviceMemory.Of("cuda:63"));
        Assert.True(DeviceMemory.Of("cpu") > 0);
    }
}
