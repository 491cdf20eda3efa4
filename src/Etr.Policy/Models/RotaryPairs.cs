using TorchSharp;

namespace Etr.Policy.Models;

/// <summary>
/// The order in which rows of q and k stand where rotation is a product of complex numbers: of each head, the two dimensions that a
/// rotary angle turns lie side by side.
/// </summary>
internal static class RotaryPairs
{
    /// <summary>Puts rows into pairs.</summary>
    /// <param name="rows">[heads · size, …].</param>
    /// <param name="heads">Number of heads.</param>
    public static torch.Tensor Of(torch.Tensor rows, long heads) => Turn(rows, heads, 2, rows.shape[0] / heads / 2);

    /// <summary>The row that <see cref="Of"/> puts at a place.</summary>
    /// <param name="row">The place.</param>
    /// <param name="size">Rows of a head.</param>
    public static int Source(int row, int size) => row / size * size + row % 2 * (size / 2) + row % size / 2;

    /// <summary>Puts rows back.</summary>
    /// <param name="rows">[heads · size, …].</param>
    /// <param name="heads">Number of heads.</param>
    public static torch.Tensor Undo(torch.Tensor rows, long heads) => Turn(rows, heads, rows.shape[0] / heads / 2, 2);

    /// <summary>The norms of q's and k's heads, a row a head: [heads + kv heads, size].</summary>
    /// <param name="config">The model's shape.</param>
    /// <param name="query">Norm of q's heads, [size].</param>
    /// <param name="key">Norm of k's heads, [size].</param>
    public static torch.Tensor OfNorms(ModelConfig config, torch.Tensor query, torch.Tensor key) => torch.cat(
        [Of(query, 1).expand(config.Heads, config.HeadSize), Of(key, 1).expand(config.KeyValueHeads, config.HeadSize)]);

    private static torch.Tensor Turn(torch.Tensor rows, long heads, long outer, long inner)
    {
        long[] rest = [.. rows.shape.Skip(1)];
        return rows.reshape([heads, outer, inner, .. rest]).transpose(1, 2).reshape(rows.shape);
    }
}
