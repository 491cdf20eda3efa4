using System.ComponentModel.DataAnnotations;
using Etr.Core.Tasks.Arithmetic;
using Etr.Policy.Models;

namespace Etr.Policy.Pretraining;

/// <summary>
/// How a shipped policy is made from nothing but the <c>arithmetic</c> task's own demonstrations. Lengths are counted in
/// optimiser steps, so the recipe means the same on a slow machine. The default values make <c>models/arithmetic</c>;
/// <see cref="Repair"/> makes <c>models/repair</c>.
/// </summary>
public sealed record PretrainRecipe
{
    /// <summary>Styles taught, in turn, a letter each. The default value is <c>ABC</c>.</summary>
    [RegularExpression(ArithmeticStyles.Pattern)]
    public string Styles { get; init; } = "ABC";

    /// <summary>Seed of weights and demonstrations. The default value is 1.</summary>
    [Range(0, long.MaxValue)]
    public long Seed { get; init; } = 1;

    /// <summary>Steps on short chains (<see cref="EarlyRedundancy"/>), where the arithmetic is learnt. The default value is 650.</summary>
    [Range(0, 1_000_000)]
    public int ShortChainSteps { get; init; } = 650;

    /// <summary>Steps on chains as verbose as the styles have them. The default value is 1,820.</summary>
    [Range(0, 1_000_000)]
    public int FullChainSteps { get; init; } = 1820;

    /// <summary>Last steps, on full chains whose final digit slips with <see cref="Slip"/>. The default value is 325.</summary>
    [Range(0, 1_000_000)]
    public int SlipSteps { get; init; } = 325;

    /// <summary>Factor on the probability of a redundant line while chains are short. The default value is 0.4.</summary>
    [Range(0.0, 1.0)]
    public double EarlyRedundancy { get; init; } = 0.4;

    /// <summary>
    /// Probability that a demonstration's final digit is off by one in the last steps: errors that do not depend on length,
    /// so that correctness alone does not shorten chains. The default value is 0.12.
    /// </summary>
    [Range(0.0, 1.0)]
    public double Slip { get; init; } = 0.12;

    /// <summary>
    /// Share of the demonstrations whose chain begins some positions after the prompt's end, as if lines stood between: so an
    /// operand is found by its number, not by how far back it stands. The default value is 0.5.
    /// </summary>
    [Range(0.0, 1.0)]
    public double GapShare { get; init; } = 0.5;

    /// <summary>Longest such gap, in positions; the shortest is 1. The default value is 128.</summary>
    [Range(0, 256)]
    public int LongestGap { get; init; } = 128;

    /// <summary>Demonstrations a step. The default value is 64.</summary>
    [Range(1, 4096)]
    public int BatchSize { get; init; } = 64;

    /// <summary>Peak learning rate. The default value is 3e-3.</summary>
    [Range(0.0, 1.0)]
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Steps of linear warm-up. The default value is 100.</summary>
    [Range(0, 1_000_000)]
    public int WarmupSteps { get; init; } = 100;

    /// <summary>Share of the peak at which the cosine ends. The default value is 0.003.</summary>
    [Range(0.0, 1.0)]
    public double FinalRate { get; init; } = 0.003;

    /// <summary>Share of the peak at which the slip steps begin, falling to <see cref="FinalRate"/>. The default value is 0.1.</summary>
    [Range(0.0, 1.0)]
    public double SlipRate { get; init; } = 0.1;

    /// <summary>AdamW's weight decay. The default value is 0.01.</summary>
    [Range(0.0, 1.0)]
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Norm to which the gradient is clipped. The default value is 1.</summary>
    [Range(1e-6, 1e6)]
    public double GradientClip { get; init; } = 1.0;

    /// <summary>
    /// The recipe of style D alone: fewer steps, all on full chains, since re-checks are where a right result is seen without
    /// noise; and none with slips, since D's wrong lines are errors enough.
    /// </summary>
    public static PretrainRecipe Repair { get; } = new() { Styles = "D", ShortChainSteps = 0, FullChainSteps = 2000, SlipSteps = 0 };

    /// <summary>The recipe for some styles: <see cref="Repair"/> for D alone, the default values for any others.</summary>
    /// <exception cref="ArgumentException">A letter names no style, or there is none.</exception>
    public static PretrainRecipe Of(string styles)
    {
        IReadOnlyList<ArithmeticStyle> taught = ArithmeticStyles.Parse(styles);
        return taught is [ArithmeticStyle.D] ? Repair : new() { Styles = string.Concat(taught) };
    }

    /// <summary>All optimiser steps.</summary>
    public int Steps => ShortChainSteps + FullChainSteps + SlipSteps;

    /// <summary>The model that is trained on styles A, B and C: 0.45 M weights.</summary>
    public static ModelConfig Model { get; } = ModelOf([]);

    /// <summary>The model that is trained on some styles: <see cref="Model"/> with a vocabulary that has their pieces.</summary>
    public static ModelConfig ModelOf(IReadOnlyCollection<ArithmeticStyle> styles) => new()
    {
        VocabularySize = ArithmeticTokenizer.Create(styles).VocabularySize,
        HiddenSize = 128,
        IntermediateSize = 256,
        Layers = 3,
        Heads = 4,
        KeyValueHeads = 2,
        HeadSize = 32,
        ContextLength = 512,
        TiedHead = true,
        EndTokens = [ArithmeticTokenizer.EndToken],
    };

    /// <summary>Learning rate of a step (from 0): warm-up, then cosine; the slip steps have a small cosine of their own.</summary>
    public double RateAt(int step)
    {
        int main = ShortChainSteps + FullChainSteps;
        if (step < WarmupSteps)
        {
            return LearningRate * (step + 1) / WarmupSteps;
        }

        return step < main
            ? LearningRate * Cosine(1.0, (double)(step - WarmupSteps) / Math.Max(1, main - WarmupSteps))
            : LearningRate * Cosine(SlipRate, (double)(step - main) / Math.Max(1, SlipSteps));
    }

    /// <summary>Redundancy and slip of a step's demonstrations (step from 0).</summary>
    public (double Redundancy, double Slip) ChainsAt(int step) =>
        step < ShortChainSteps ? (EarlyRedundancy, 0) : step < ShortChainSteps + FullChainSteps ? (1, 0) : (1, Slip);

    private double Cosine(double from, double progress) =>
        FinalRate + (from - FinalRate) * 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, progress)));
}
