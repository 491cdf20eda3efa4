using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>
/// Cosines and sines of the rotary position embedding (arXiv 2104.09864), in the half-split layout of Hugging Face: dimension i
/// turns with dimension i + size/2, by position · frequency i. Grows as longer sequences come; angles are computed in double.
/// </summary>
internal sealed class RotaryTable(ModelConfig config, torch.Device device) : IDisposable
{
    private const int FirstLength = 256;
    private torch.Tensor? _cos;
    private torch.Tensor? _sin;

    /// <summary>Tables of at least <paramref name="length"/> rows: [rows, size/2] each. Owned by this object.</summary>
    public (torch.Tensor Cos, torch.Tensor Sin) AtLeast(int length)
    {
        if (_cos is null || _cos.shape[0] < length)
        {
            long rows = Math.Max(length, _cos is null ? FirstLength : 2 * _cos.shape[0]);
            using DisposeScope scope = torch.NewDisposeScope();
            torch.Tensor frequencies = torch.tensor(config.RotaryFrequencies(), torch.float64);
            torch.Tensor angles = torch.outer(TensorArithmetic.Count(rows, torch.float64), frequencies);
            torch.Tensor cos = angles.cos().to(torch.float32, device).DetachFromDisposeScope();
            torch.Tensor sin = angles.sin().to(torch.float32, device).DetachFromDisposeScope();
            Dispose();
            (_cos, _sin) = (cos, sin);
        }

        return (_cos, _sin!);
    }

    public void Dispose()
    {
        _cos?.Dispose();
        _sin?.Dispose();
    }
}
