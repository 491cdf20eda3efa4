using Etr.Core.Entropies;

namespace Etr.Core.Steps;

/// <summary>
/// The released code's steps: cut after each position whose arg-max token contains a blank line, whatever was sampled there;
/// the tail after the last cut is dropped, and so are exact zeros at the end.
/// </summary>
public static class ReferenceSteps
{
    /// <summary>Where the steps end.</summary>
    /// <param name="argMaxEndsStep">For each token: does the most probable token of its position contain "\n\n"?</param>
    /// <returns>For each step the index after its last token, rising. Empty where no position cuts.</returns>
    public static int[] Ends(ReadOnlySpan<bool> argMaxEndsStep)
    {
        var ends = new List<int>();
        for (var i = 0; i < argMaxEndsStep.Length; i++)
        {
            if (argMaxEndsStep[i])
                ends.Add(i + 1);
        }

        return [.. ends];
    }

    /// <summary>Step entropies of a response under this rule.</summary>
    /// <param name="tokenEntropies">One entropy a token (<see cref="EntropyKind.TopFive"/> in the reference preset).</param>
    /// <param name="argMaxEndsStep">One flag a token: see <see cref="Ends"/>.</param>
    /// <returns>Mean entropy of each step left; possibly none.</returns>
    /// <exception cref="ArgumentException">The lengths differ.</exception>
    public static double[] Entropies(ReadOnlySpan<double> tokenEntropies, ReadOnlySpan<bool> argMaxEndsStep)
    {
        if (tokenEntropies.Length != argMaxEndsStep.Length)
            throw new ArgumentException($"{tokenEntropies.Length} entropies for {argMaxEndsStep.Length} flags.", nameof(argMaxEndsStep));
        var means = StepEntropies.Means(tokenEntropies, Ends(argMaxEndsStep));
        return TrimTrailingZeros(means).ToArray();
    }

    /// <summary>Leaves out the exact zeros at the end, as the released code does with its padding.</summary>
    /// <param name="stepEntropies">Step entropies, one a step.</param>
    /// <returns>The part up to the last entropy that is not 0; empty if all are.</returns>
    public static ReadOnlySpan<double> TrimTrailingZeros(ReadOnlySpan<double> stepEntropies) => stepEntropies.TrimEnd(0.0);
}
