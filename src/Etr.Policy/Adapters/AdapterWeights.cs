using System.Globalization;
using Etr.Policy.Checkpoints;
using Etr.Policy.Models;
using Etr.Policy.Runtime;
using TorchSharp;
using TorchSharp.Modules;

namespace Etr.Policy.Adapters;

/// <summary>Low-rank adapters of a model (arXiv 2106.09685), by PEFT's names. Owns its tensors.</summary>
public sealed class AdapterWeights : IDisposable
{
    private readonly Dictionary<string, Parameter> _byName;

    private AdapterWeights(ModelConfig model, AdapterConfig config, IReadOnlyList<(string Name, Parameter Value)> named)
    {
        Model = model;
        Config = config;
        Named = named;
        _byName = named.ToDictionary(weight => weight.Name, weight => weight.Value);
    }

    /// <summary>The shape of the model they belong to.</summary>
    public ModelConfig Model { get; }

    /// <summary>Their shape.</summary>
    public AdapterConfig Config { get; }

    /// <summary>Names and tensors, in the order of <see cref="AdapterShapes.Of"/>.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Named { get; }

    /// <summary>Fresh adapters that change nothing yet: A uniform within ±1/√in, as PEFT has it, B zero.</summary>
    public static AdapterWeights Initialise(ModelConfig model, AdapterConfig config, long seed, torch.Device? device = null)
    {
        using var generator = new torch.Generator((ulong)seed);
        return Build(model, config, device, (name, shape) =>
        {
            if (name.EndsWith("lora_B.weight", StringComparison.Ordinal))
                return torch.zeros(shape);
            double bound = 1 / Math.Sqrt(shape[1]);
            return torch.rand(shape, generator: generator).MultiplyInPlace(2 * bound).SubtractInPlace(bound);
        });
    }

    /// <summary>Reads an <c>adapter_model.safetensors</c>; half precision is widened to fp32.</summary>
    /// <exception cref="CheckpointException">A tensor is missing, one too many, or of another shape or type.</exception>
    public static AdapterWeights Load(string file, ModelConfig model, AdapterConfig config, torch.Device? device = null)
    {
        using WeightFiles source = WeightFiles.Open(file);
        Check(source, model, config);
        return Build(model, config, null, (name, _) => source.ReadSingle(name, device));
    }

    /// <summary>Writes them as PEFT does.</summary>
    public void Save(string file) => SafetensorsWriter.Write(file, [.. Named.Select(weight => (weight.Name, (torch.Tensor)weight.Value))], new Dictionary<string, string> { ["format"] = "pt" });

    /// <summary>A of a target.</summary>
    public Parameter A(int layer, string target) => _byName[AdapterShapes.NameOfA(layer, target)];

    /// <summary>B of a target.</summary>
    public Parameter B(int layer, string target) => _byName[AdapterShapes.NameOfB(layer, target)];

    /// <summary>Adds the adapters into a model's weights: W + α/r·B·A.</summary>
    public void MergeInto(DecoderWeights weights) => Add(weights, Config.Scale);

    /// <summary>Takes them out again, but for rounding.</summary>
    public void UnmergeFrom(DecoderWeights weights) => Add(weights, -Config.Scale);

    /// <summary>Makes every tensor a leaf that gathers gradients.</summary>
    public void RequireGradients()
    {
        foreach ((_, Parameter value) in Named)
            value.requires_grad_(true);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach ((_, Parameter value) in Named)
            value.Dispose();
    }

    /// <summary>α/r·B·A of a target, [out, in].</summary>
    internal torch.Tensor Delta(int layer, string target) => B(layer, target).detach().matmul(A(layer, target).detach()).MultiplyInPlace(Config.Scale);

    /// <summary>The same memory under tensors of their own: what changes here changes there, and gradients are gathered apart.</summary>
    internal AdapterWeights Beside() => Build(Model, Config, null, (name, _) => _byName[name].detach(), Named[0].Value.dtype);

    /// <summary>A copy of another element type, for checks in double precision.</summary>
    internal AdapterWeights Clone(torch.ScalarType type) => Build(Model, Config, null, (name, _) => _byName[name].detach().to(type, copy: true), type);

    internal static void Check(WeightFiles source, ModelConfig model, AdapterConfig config)
    {
        var expected = new HashSet<string>(StringComparer.Ordinal);
        foreach ((string name, long[] shape) in AdapterShapes.Of(model, config))
        {
            expected.Add(name);
            string wanted = string.Create(CultureInfo.InvariantCulture, $"a floating-point tensor of shape [{string.Join(", ", shape)}]");
            TensorEntry entry = source.Find(name) ?? throw new CheckpointException(source.Path, name, wanted, "none of that name");
            if (!entry.Shape.SequenceEqual(shape))
                throw new CheckpointException(source.Path, name, wanted, $"shape {entry.ShapeText}");
        }

        if (source.Entries.FirstOrDefault(entry => !expected.Contains(entry.Name)) is { } extra)
            throw new CheckpointException(source.Path, extra.Name, "no such tensor in these adapters", $"one of shape {extra.ShapeText}");
    }

    private void Add(DecoderWeights weights, double scale)
    {
        using IDisposable noGradient = torch.no_grad();
        using DisposeScope scope = torch.NewDisposeScope();
        for (int layer = 0; layer < Model.Layers; layer++)
        {
            foreach (string target in Config.Targets)
                weights[AdapterShapes.WeightOf(layer, target)].AddInPlace(B(layer, target).matmul(A(layer, target)), scale);
        }
    }

    private static AdapterWeights Build(ModelConfig model, AdapterConfig config, torch.Device? device, Func<string, long[], torch.Tensor> make, torch.ScalarType type = torch.ScalarType.Float32)
    {
        using DisposeScope scope = torch.NewDisposeScope();
        var named = new List<(string Name, Parameter Value)>();
        foreach ((string name, long[] shape) in AdapterShapes.Of(model, config))
        {
            torch.Tensor value = make(name, shape);
            var parameter = new Parameter(device is null ? value.to(type) : value.to(type, device), requires_grad: false);
            parameter.DetachFromDisposeScope();
            named.Add((name, parameter));
        }

        return new AdapterWeights(model, config, named);
    }
}
