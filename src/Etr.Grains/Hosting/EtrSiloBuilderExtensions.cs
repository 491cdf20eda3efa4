using System.ComponentModel.DataAnnotations;
using Etr.Core.Tasks;
using Etr.Grains.Feed;
using Etr.Grains.Metrics;
using Etr.Grains.Placement;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Placement;
using Orleans.Storage;

namespace Etr.Grains.Hosting;

/// <summary>Adds the grains of Etr to a silo.</summary>
public static class EtrSiloBuilderExtensions
{
    /// <summary>
    /// Registers what the grains need: the rollout feed, the run contexts, the placement of samplers, the sampler host and
    /// the meters. The host itself adds grain storage under <see cref="EtrStorage.Name"/> and, on silos with devices, an
    /// <see cref="IRolloutEngineProvider"/> (samplers) and an <see cref="Learners.IPolicyTrainerProvider"/> (learner); without
    /// a provider for engines the silo registers no sampler.
    /// </summary>
    public static ISiloBuilder AddEtrGrains(this ISiloBuilder silo, Action<EtrGrainOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(silo);
        IServiceCollection services = silo.Services;
        services.AddOptions<EtrGrainOptions>().Configure(options => configure?.Invoke(options)).Validate(
            grainOptions => Validator.TryValidateObject(grainOptions, new ValidationContext(grainOptions), null, validateAllProperties: true),
            "A duration of the grains is out of its range.");
        services.AddMetrics();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RolloutFeed>();
        services.TryAddSingleton<IPromptSetFactory, PromptSetFactory>();
        services.TryAddSingleton<RunContexts>();
        services.TryAddSingleton<RunMetrics>();
        services.TryAddSingleton<SamplerMetrics>();

        // Binary, versioned by member ids: states hold frames of bytes and numbers that are not finite.
        services.AddKeyedSingleton<IGrainStorageSerializer, OrleansGrainStorageSerializer>(EtrStorage.Name);
        services.AddSingleton<IGrainStorageSerializer, OrleansGrainStorageSerializer>();
        services.AddPlacementFilter<SamplerPlacementStrategy, SamplerPlacementDirector>(ServiceLifetime.Singleton);
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, SamplerHost>();
        return silo;
    }
}
