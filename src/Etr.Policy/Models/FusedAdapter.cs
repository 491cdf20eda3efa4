using Etr.Policy.Adapters;
using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>
/// A layer's adapters as a sampler uses them: for each of the layer's joined matrices the A's side by side and the B's in blocks, so that
/// the adapters of a product are two thin products more.
/// </summary>
internal sealed class FusedAdapter : IDisposable
{
    private FusedAdapter(ThinProduct? joined, ThinProduct? output, ThinProduct? gateUp, ThinProduct? down) =>
        (Joined, Output, GateUp, Down) = (joined, output, gateUp, down);

    /// <summary>Of q, k and v.</summary>
    public ThinProduct? Joined { get; }

    /// <summary>Of the attention's output.</summary>
    public ThinProduct? Output { get; }

    /// <summary>Of gate and up.</summary>
    public ThinProduct? GateUp { get; }

    /// <summary>Of what follows them.</summary>
    public ThinProduct? Down { get; }

    /// <summary>Takes over copies of a layer's adapters.</summary>
    public static FusedAdapter From(AdapterWeights adapters, FusedLayer fused, int layer)
    {
        ModelConfig config = adapters.Model;
        using IDisposable guard = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor B(string target) => target switch
        {
            "q_proj" => RotaryPairs.Of(adapters.B(layer, target), config.Heads),
            "k_proj" => RotaryPairs.Of(adapters.B(layer, target), config.KeyValueHeads),
            _ => adapters.B(layer, target),
        };
        ThinProduct? Of(torch.Tensor? norm, params string[] targets)
        {
            string[] present = [.. targets.Where(adapters.Config.Targets.Contains)];
            if (present.Length == 0)
            {
                return null;
            }

            torch.Tensor a = torch.cat([.. present.Select(target => adapters.A(layer, target).detach())]);
            torch.Tensor down = (norm is null ? a : a * norm).t().contiguous();
            torch.Tensor up = torch.zeros([down.shape[1], targets.Sum(target => AdapterShapes.SizeOf(config, target).Rows)], device: a.device);
            long at = 0;
            foreach (string target in targets)
            {
                long rows = AdapterShapes.SizeOf(config, target).Rows;
                int place = Array.IndexOf(present, target);
                if (place >= 0)
                {
                    up.narrow(0, (long)place * adapters.Config.Rank, adapters.Config.Rank).narrow(1, at, rows).copy_(B(target).detach().t().Times(adapters.Config.Scale));
                }

                at += rows;
            }

            return new ThinProduct(down.DetachFromDisposeScope(), up.DetachFromDisposeScope());
        }

        return new FusedAdapter(Of(fused.Folded ? fused.Before : null, "q_proj", "k_proj", "v_proj"), Of(null, "o_proj"), Of(fused.Folded ? fused.Between : null, "gate_proj", "up_proj"), Of(null, "down_proj"));
    }

    public void Dispose()
    {
        Joined?.Dispose();
        Output?.Dispose();
        GateUp?.Dispose();
        Down?.Dispose();
    }

    /// <summary>A product by way of the rank.</summary>
    /// <param name="Down">[in, ranks].</param>
    /// <param name="Up">[ranks, out], scaled.</param>
    internal sealed record ThinProduct(torch.Tensor Down, torch.Tensor Up) : IDisposable
    {
        /// <summary>Adds it to <paramref name="sum"/>, which is the caller's own.</summary>
        public torch.Tensor AddTo(torch.Tensor sum, torch.Tensor input) => sum.addmm_(input.matmul(Down), Up, 1, 1);

        public void Dispose()
        {
            Down.Dispose();
            Up.Dispose();
        }
    }
}
