using Etr.Policy.Checkpoints;
using Etr.Policy.Runtime;
using TorchSharp;
using TorchSharp.Modules;

namespace Etr.Policy.Models;

/// <summary>The weights of a decoder, fp32 unless they were asked for in half precision, by Hugging Face's names. Owns its tensors.</summary>
public sealed class DecoderWeights : IDisposable
{
    private readonly Dictionary<string, Parameter> _byName;

    private DecoderWeights(ModelConfig config, IReadOnlyList<(string Name, Parameter Value)> named)
    {
        Config = config;
        Named = named;
        _byName = named.ToDictionary(weight => weight.Name, weight => weight.Value);
    }

    /// <summary>The model's shape.</summary>
    public ModelConfig Config { get; }

    /// <summary>Names and tensors, in the order of <see cref="WeightShapes.Of(ModelConfig)"/>.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Named { get; }

    /// <summary>The tensors alone, for an optimiser.</summary>
    public IEnumerable<Parameter> Parameters => Named.Select(weight => weight.Value);

    /// <summary>The tensor of a name.</summary>
    /// <exception cref="KeyNotFoundException">The model has no such weight.</exception>
    public Parameter this[string name] => _byName[name];

    /// <summary>Reads a safetensors file, or the shards of an index, tensor by tensor; half precision is widened to fp32.</summary>
    /// <param name="file">The file, or the index.</param>
    /// <param name="config">The model's shape.</param>
    /// <param name="device">Where the tensors are to be; null for the CPU.</param>
    /// <param name="half">Whether the weights that <see cref="WeightShapes.IsHalved"/> names are held in bf16, to stand still.</param>
    /// <exception cref="CheckpointException">A tensor is missing, one too many, or of another shape or type.</exception>
    public static DecoderWeights Load(string file, ModelConfig config, torch.Device? device = null, bool half = false)
    {
        using WeightFiles source = ModelFiles.OpenWeights(file, config);
        return Build(config, null, (name, _) => source.ReadSingle(name, device), typeOf: half ? name => TypeOf(config, name) : null);
    }

    /// <summary>Fresh weights: normal with deviation 0.02 (projections into the residual stream less, by √(2·layers)), norms 1, biases 0.</summary>
    public static DecoderWeights Initialise(ModelConfig config, long seed, torch.Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(config);
        using var generator = new torch.Generator((ulong)seed);
        double residual = 0.02 / Math.Sqrt(2.0 * config.Layers);
        return Build(config, device, (name, shape) =>
        {
            if (shape.Length == 1)
            {
                return name.EndsWith(".bias", StringComparison.Ordinal) ? torch.zeros(shape) : torch.ones(shape);
            }

            bool intoResidual = name.EndsWith("o_proj.weight", StringComparison.Ordinal) || name.EndsWith("down_proj.weight", StringComparison.Ordinal);
            return torch.randn(shape, generator: generator).MultiplyInPlace(intoResidual ? residual : 0.02);
        });
    }

    /// <summary>Frees a tensor that nobody reads any more. It must not be asked for again.</summary>
    internal void Free(string name) => _byName[name].Dispose();

    /// <summary>Writes the weights as one safetensors file.</summary>
    public void Save(string file) => SafetensorsWriter.Write(file, [.. Named.Select(weight => (weight.Name, (torch.Tensor)weight.Value))], new Dictionary<string, string> { ["format"] = "pt" });

    /// <summary>Makes every weight a leaf that gathers gradients.</summary>
    public void RequireGradients()
    {
        foreach (Parameter value in Parameters)
        {
            value.requires_grad_(true);
        }
    }

    /// <summary>A copy with tensors of its own, without gradients.</summary>
    public DecoderWeights Clone() => Build(Config, null, (name, _) =>
    {
        using torch.Tensor detached = this[name].detach();
        return detached.clone();
    });

    /// <summary>The same memory under tensors of their own: what changes here changes there, and gradients are gathered apart.</summary>
    internal DecoderWeights Beside() => Build(Config, null, (name, _) => this[name].detach(), Named[0].Value.dtype);

    /// <summary>A copy of another element type, for checks in double precision.</summary>
    internal DecoderWeights Clone(torch.ScalarType type) =>
        Build(Config, null, (name, _) => this[name].detach().to(type, copy: true), type);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Parameter value in Parameters)
        {
            value.Dispose();
        }
    }

    private static torch.ScalarType TypeOf(ModelConfig config, string name) =>
        WeightShapes.IsHalved(config, name) ? torch.ScalarType.BFloat16 : torch.ScalarType.Float32;

    private static DecoderWeights Build(ModelConfig config, torch.Device? device, Func<string, long[], torch.Tensor> make, torch.ScalarType type = torch.ScalarType.Float32, Func<string, torch.ScalarType>? typeOf = null)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var named = new List<(string Name, Parameter Value)>();
        foreach ((string name, long[] shape) in WeightShapes.Of(config))
        {
            torch.Tensor value = make(name, shape);
            // Weights outlive whatever scope the caller has open.
            torch.ScalarType own = typeOf?.Invoke(name) ?? type;
            torch.Tensor placed = device is null ? value.to(own) : value.to(own, device);
            if (own != value.dtype)
            {
                // One tensor at a time is held in both types.
                value.Dispose();
            }

            var parameter = new Parameter(placed, requires_grad: false);
            parameter.DetachFromDisposeScope();
            named.Add((name, parameter));
        }

        return new DecoderWeights(config, named);
    }
}
