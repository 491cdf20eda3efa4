using System.Text.Json;
using Etr.Core.Files;
using Etr.Core.Tasks.Arithmetic;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers;
using TorchSharp;
using static TorchSharp.torch.nn;

namespace Etr.Policy.Pretraining;

/// <summary>Makes a policy from scratch by a <see cref="PretrainRecipe"/>: next-token prediction on the chains of demonstrations.</summary>
public sealed class Pretrainer(PretrainRecipe recipe, TimeProvider time)
{
    /// <summary>Steps between two reports.</summary>
    public const int ReportEvery = 50;

    private const long Ignored = -100;
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Trains and writes config.json, model.safetensors, tokenizer.json and recipe.json into <paramref name="folder"/>.</summary>
    /// <param name="folder">The model's folder; made where it is missing.</param>
    /// <param name="progress">Told every <see cref="ReportEvery"/> steps, on the calling thread.</param>
    /// <param name="snapshotEvery">Steps between snapshots written to the folder on the way; 0 writes none.</param>
    /// <param name="cancellationToken">Stops before the next step; what was trained so far is not written.</param>
    /// <returns>The final report.</returns>
    /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public PretrainProgress Run(string folder, Action<PretrainProgress>? progress = null, int snapshotEvery = 0, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        IReadOnlyList<ArithmeticStyle> styles = ArithmeticStyles.Parse(recipe.Styles);
        PieceTokenizer tokenizer = ArithmeticTokenizer.Create(styles);
        var batches = new DemonstrationBatches(recipe, tokenizer);
        using DecoderWeights weights = DecoderWeights.Initialise(PretrainRecipe.ModelOf(styles), recipe.Seed);
        weights.RequireGradients();
        using var decoder = new PlainDecoder(weights);
        using torch.optim.Optimizer optimiser = torch.optim.AdamW(
            weights.Parameters, recipe.LearningRate, beta1: 0.9, beta2: 0.99, weight_decay: recipe.WeightDecay);

        var curve = new List<PretrainProgress>();
        long start = time.GetTimestamp();
        long last = start;
        double loss = 0;
        long tokens = 0;
        for (int step = 0; step < recipe.Steps; step++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Demonstration[] batch = batches.At(step);
            foreach (torch.optim.ILearningRateController group in optimiser.ParamGroups)
            {
                group.LearningRate = recipe.RateAt(step);
            }

            loss += Step(decoder, optimiser, batch);
            tokens += batch.Sum(demonstration => demonstration.Length);
            int done = step + 1;
            if (done % ReportEvery == 0 || done == recipe.Steps)
            {
                int since = (done - 1) % ReportEvery + 1;
                curve.Add(new PretrainProgress(
                    done, recipe.Steps, loss / since, recipe.RateAt(step), tokens / time.GetElapsedTime(last).TotalSeconds, time.GetElapsedTime(start)));
                progress?.Invoke(curve[^1]);
                (loss, tokens, last) = (0, 0, time.GetTimestamp());
            }

            if (snapshotEvery > 0 && done % snapshotEvery == 0)
            {
                Save(folder, weights, tokenizer, curve);
            }
        }

        Save(folder, weights, tokenizer, curve);
        return curve[^1];
    }

    private double Step(PlainDecoder decoder, torch.optim.Optimizer optimiser, Demonstration[] batch)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        (torch.Tensor ids, torch.Tensor positions, torch.Tensor targets) = Pad(batch);
        torch.Tensor logits = decoder.ForwardAt(ids, positions);
        torch.Tensor loss = functional.cross_entropy(logits.view(-1, logits.shape[2]), targets.view(-1), ignore_index: Ignored);
        optimiser.zero_grad();
        loss.backward();
        utils.clip_grad_norm_(decoder.Weights.Parameters, recipe.GradientClip);
        optimiser.step();
        return loss.item<float>();
    }

    // Inputs, where they stand, and the ids that follow them; only ids of the chain are targets, since a prompt is random and teaches nothing.
    private static (torch.Tensor Ids, torch.Tensor Positions, torch.Tensor Targets) Pad(Demonstration[] batch)
    {
        int length = batch.Max(demonstration => demonstration.Length) - 1;
        long[] ids = new long[batch.Length * length];
        long[] positions = new long[batch.Length * length];
        long[] targets = new long[batch.Length * length];
        Array.Fill(targets, Ignored);
        for (int row = 0; row < batch.Length; row++)
        {
            Demonstration demonstration = batch[row];
            for (int i = 0; i < length; i++)
                positions[row * length + i] = i + (i < demonstration.PromptLength ? 0 : demonstration.Gap);
            for (int i = 0; i + 1 < demonstration.Length; i++)
            {
                ids[row * length + i] = demonstration.Ids[i];
                if (i + 1 >= demonstration.PromptLength)
                {
                    targets[row * length + i] = demonstration.Ids[i + 1];
                }
            }
        }

        return (
            torch.tensor(ids).view(batch.Length, length),
            torch.tensor(positions).view(batch.Length, length),
            torch.tensor(targets).view(batch.Length, length));
    }

    private void Save(string folder, DecoderWeights weights, PieceTokenizer tokenizer, List<PretrainProgress> curve)
    {
        Directory.CreateDirectory(folder);
        weights.Config.Write(Path.Combine(folder, ModelFiles.Config));
        TokenizerFile.Write(Path.Combine(folder, ModelFiles.Tokenizer), tokenizer);
        weights.Save(Path.Combine(folder, ModelFiles.Weights));
        int every = Math.Max(1, curve.Count / 40);
        var record = new
        {
            Recipe = recipe,
            StepsDone = curve.Count == 0 ? 0 : curve[^1].Step,
            Seconds = curve.Count == 0 ? 0 : Math.Round(curve[^1].Elapsed.TotalSeconds),
            Loss = curve.Where((_, index) => (index + 1) % every == 0 || index == curve.Count - 1)
                .Select(point => new { point.Step, Loss = Math.Round(point.Loss, 5) }),
        };
        DurableFile.Write(Path.Combine(folder, "recipe.json"), stream => JsonSerializer.Serialize(stream, record, Indented));
    }
}
