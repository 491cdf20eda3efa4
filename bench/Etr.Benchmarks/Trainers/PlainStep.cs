using Etr.Core.Training;
using Etr.Policy.Models;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch.nn;

namespace Etr.Benchmarks.Trainers;

/// <summary>
/// The yardstick: the same step as anyone would write it in TorchSharp. A decoder of library operations, SDPA, log-softmax of the
/// response's positions, the clipped loss, the library's AdamW and clipping of the gradient's norm. Nothing else is measured or kept.
/// </summary>
internal sealed class PlainStep : IDisposable
{
    private readonly ModelConfig _config;
    private readonly DecoderWeights _weights;
    private readonly Parameter[] _parameters;
    private readonly torch.optim.Optimizer _optimiser;
    private readonly torch.Tensor _cos;
    private readonly torch.Tensor _sin;

    public PlainStep(string folder)
    {
        ModelDescription model = ModelFiles.Describe(folder);
        _config = model.Config;
        _weights = DecoderWeights.Load(model.File, _config);
        _weights.RequireGradients();
        _parameters = [.. _weights.Parameters];
        _optimiser = torch.optim.AdamW(_parameters, 2e-4, weight_decay: 0);
        using torch.Tensor exponents = torch.arange(0, _config.HeadSize, 2).mul(-1.0 / _config.HeadSize);
        using torch.Tensor angles = torch.outer(torch.arange(_config.ContextLength), torch.pow(_config.RopeTheta, exponents));
        _cos = angles.cos();
        _sin = angles.sin();
    }

    /// <summary>One update from traces that all have the same lengths of prompt and response.</summary>
    public void Step(TrainingBatch batch, int rowsAtOnce, double temperature)
    {
        _optimiser.zero_grad();
        (IReadOnlyList<int> Prompt, TrainingTrace Trace)[] rows =
            [.. batch.Groups.SelectMany(group => group.Traces.Select(trace => (group.PromptTokens, trace)))];
        double tokens = rows.Sum(row => (double)row.Trace.Tokens.Count);
        foreach ((IReadOnlyList<int> Prompt, TrainingTrace Trace)[] chunk in rows.Chunk(rowsAtOnce))
        {
            using DisposeScope scope = torch.NewDisposeScope();
            int prompt = chunk[0].Prompt.Count;
            int response = chunk[0].Trace.Tokens.Count;
            torch.Tensor ids = torch.tensor([.. chunk.SelectMany(row => row.Prompt.Concat(row.Trace.Tokens)).Select(id => (long)id)]).view(chunk.Length, -1);
            torch.Tensor targets = ids.narrow(1, prompt, response);
            torch.Tensor old = torch.tensor([.. chunk.SelectMany(row => row.Trace.LogProbs)]).view(chunk.Length, -1);
            torch.Tensor advantages = torch.tensor([.. chunk.Select(row => (float)row.Trace.Advantage)]).unsqueeze(1);

            torch.Tensor hidden = Hidden(ids.narrow(1, 0, prompt + response - 1)).narrow(1, prompt - 1, response);
            torch.Tensor logits = functional.linear(hidden, _weights[WeightShapes.Embedding]).div(temperature);
            torch.Tensor logProbs = functional.log_softmax(logits, -1).gather(-1, targets.unsqueeze(-1)).squeeze(-1);
            torch.Tensor ratios = logProbs.sub(old).exp();
            torch.Tensor surrogate = torch.minimum(ratios * advantages, ratios.clamp(0.8, 1.2) * advantages);
            surrogate.sum().mul(-1.0 / tokens).backward();
        }

        utils.clip_grad_norm_(_parameters, 1.0);
        _optimiser.step();
    }

    public void Dispose()
    {
        _optimiser.Dispose();
        _cos.Dispose();
        _sin.Dispose();
        _weights.Dispose();
    }

    private torch.Tensor Hidden(torch.Tensor ids)
    {
        torch.Tensor cos = _cos.narrow(0, 0, ids.shape[1]);
        torch.Tensor sin = _sin.narrow(0, 0, ids.shape[1]);
        torch.Tensor x = _weights[WeightShapes.Embedding].index_select(0, ids.reshape(-1)).view(ids.shape[0], ids.shape[1], -1);
        for (int layer = 0; layer < _config.Layers; layer++)
        {
            torch.Tensor normed = Norm(x, Of(layer, "input_layernorm.weight"));
            torch.Tensor queries = Rotate(Heads(layer, "q_proj", normed, _config.Heads), cos, sin);
            torch.Tensor keys = Rotate(Heads(layer, "k_proj", normed, _config.KeyValueHeads), cos, sin);
            torch.Tensor values = Heads(layer, "v_proj", normed, _config.KeyValueHeads);
            torch.Tensor mixed = functional.scaled_dot_product_attention(
                queries, keys.repeat_interleave(_config.QueriesPerKey, 1), values.repeat_interleave(_config.QueriesPerKey, 1), is_casual: true);
            x = x + functional.linear(mixed.transpose(1, 2).flatten(2), Of(layer, "self_attn.o_proj.weight"));
            normed = Norm(x, Of(layer, "post_attention_layernorm.weight"));
            torch.Tensor gate = functional.silu(functional.linear(normed, Of(layer, "mlp.gate_proj.weight")));
            x = x + functional.linear(gate * functional.linear(normed, Of(layer, "mlp.up_proj.weight")), Of(layer, "mlp.down_proj.weight"));
        }

        return Norm(x, _weights[WeightShapes.Norm]);
    }

    private Parameter Of(int layer, string name) => _weights[WeightShapes.Of(layer, name)];

    private torch.Tensor Norm(torch.Tensor x, torch.Tensor weight) =>
        x * x.square().mean([-1L], keepdim: true).add(_config.NormEpsilon).rsqrt() * weight;

    private torch.Tensor Heads(int layer, string projection, torch.Tensor x, int heads) =>
        functional.linear(x, Of(layer, $"self_attn.{projection}.weight"), Of(layer, $"self_attn.{projection}.bias"))
            .view(x.shape[0], x.shape[1], heads, _config.HeadSize).transpose(1, 2);

    private static torch.Tensor Rotate(torch.Tensor heads, torch.Tensor cos, torch.Tensor sin)
    {
        torch.Tensor[] halves = heads.chunk(2, -1);
        return torch.cat([halves[0] * cos - halves[1] * sin, halves[1] * cos + halves[0] * sin], -1);
    }
}
