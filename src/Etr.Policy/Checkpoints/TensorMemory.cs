using TorchSharp;

namespace Etr.Policy.Checkpoints;

/// <summary>The bytes behind a contiguous CPU tensor.</summary>
internal static class TensorMemory
{
    public static unsafe byte* AddressOf(torch.Tensor tensor)
    {
        if (tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
        {
            throw new ArgumentException("the tensor is not contiguous CPU memory", nameof(tensor));
        }

        // bytes is a span over the tensor's own storage; it is pinned because it is native memory.
        fixed (byte* address = tensor.bytes)
        {
            return address;
        }
    }
}
