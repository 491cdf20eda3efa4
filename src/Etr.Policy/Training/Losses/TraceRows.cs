using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Training.Losses;

/// <summary>Which trace each token of a packed row belongs to: sums over traces, and their values spread back over the tokens.</summary>
/// <param name="Rows">Index of each token's trace, int64, [tokens].</param>
/// <param name="Counts">Tokens of each trace, at least 1, [traces].</param>
public sealed record TraceRows(torch.Tensor Rows, torch.Tensor Counts)
{
    /// <summary>Sum over each trace's tokens.</summary>
    /// <param name="values">[tokens].</param>
    /// <returns>[traces], of the same type.</returns>
    public torch.Tensor Sum(torch.Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return torch.zeros(Counts.shape[0], dtype: values.dtype, device: values.device).PlusAt(0, Rows, values);
    }

    /// <summary>Mean over each trace's tokens.</summary>
    /// <param name="values">[tokens].</param>
    /// <returns>[traces].</returns>
    public torch.Tensor Mean(torch.Tensor values) => Sum(values).div(Counts);

    /// <summary>Gives each token its trace's value.</summary>
    /// <param name="values">[traces].</param>
    /// <returns>[tokens].</returns>
    public torch.Tensor Spread(torch.Tensor values)
    {
        ArgumentNullException.ThrowIfNull(values);
        return values.index_select(0, Rows);
    }
}
