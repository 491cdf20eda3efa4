using Etr.Core.Tasks;

namespace Etr.Grains.Prompts;

/// <summary>How a <see cref="PromptStanding"/> travels: Core knows nothing of Orleans.</summary>
[GenerateSerializer, Alias("etr.prompt-standing")]
internal struct PromptStandingSurrogate
{
    [Id(0)] public int Rounds;
    [Id(1)] public double Accuracy;
    [Id(2)] public double Trend;
}

/// <summary>Turns the one into the other.</summary>
[RegisterConverter]
internal sealed class PromptStandingConverter : IConverter<PromptStanding, PromptStandingSurrogate>
{
    public PromptStanding ConvertFromSurrogate(in PromptStandingSurrogate surrogate) => new(surrogate.Rounds, surrogate.Accuracy, surrogate.Trend);

    public PromptStandingSurrogate ConvertToSurrogate(in PromptStanding value) => new() { Rounds = value.Rounds, Accuracy = value.Accuracy, Trend = value.Trend };
}
