using System.ComponentModel.DataAnnotations;
using Etr.Core.Files;
using Etr.Core.Tasks;
using Etr.Grains.Diagnosis;
using Etr.Grains.Feed;
using Etr.Grains.Files;
using Etr.Grains.Metrics;
using Etr.Grains.Placement;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Placement;
using Orleans.Runtime.MembershipService.SiloMetadata;
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
    /// <param name="silo">The silo.</param>
    /// <param name="configure">Changes the grains' durations.</param>
    /// <param name="card">What the silo tells of itself; null publishes nothing, and any silo may then host anything.</param>
    public static ISiloBuilder AddEtrGrains(this ISiloBuilder silo, Action<EtrGrainOptions>? configure = null, SiloCard? card = null)
    {
        ArgumentNullException.ThrowIfNull(silo);
        IServiceCollection services = silo.Services;
        services.AddOptions<EtrGrainOptions>().Configure(options => configure?.Invoke(options)).Validate(
            grainOptions => Validator.TryValidateObject(grainOptions, new ValidationContext(grainOptions), null, validateAllProperties: true),
            "A duration of the grains is out of its range.");
        services.AddMetrics();
        services.AddEtrExceptions();
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RolloutFeed>();
        services.TryAddSingleton<IPromptSetFactory, PromptSetFactory>();
        services.TryAddSingleton<RunContexts>();
        services.TryAddSingleton<RunMetrics>();
        services.TryAddSingleton<SamplerMetrics>();
        services.TryAddSingleton<IFreeSpace, DriveSpace>();
        services.TryAddSingleton<SiloDirectory>();
        services.TryAddSingleton<SiloDrain>();
        services.TryAddSingleton<DurableWriter>();
        services.TryAddSingleton<IRunFiles, SharedRunFiles>();
        services.TryAddSingleton<IRunArchive, NoArchive>();

        // Binary, versioned by member ids: states hold frames of bytes and numbers that are not finite.
        services.AddKeyedSingleton<IGrainStorageSerializer, OrleansGrainStorageSerializer>(EtrStorage.Name);
        services.AddSingleton<IGrainStorageSerializer, OrleansGrainStorageSerializer>();
        services.AddPlacementFilter<HomePlacementStrategy, HomePlacementDirector>(ServiceLifetime.Singleton);
        services.AddPlacementFilter<RolePlacementStrategy, RolePlacementDirector>(ServiceLifetime.Singleton);
        services.AddSingleton<ILifecycleParticipant<ISiloLifecycle>, SamplerHost>();
        if (card is not null)
            silo.UseSiloMetadata(card.ToMetadata());
        return silo;
    }

    /// <summary>Brings the feeds of all other silos into this one's: for silos that serve the dashboard.</summary>
    public static ISiloBuilder AddEtrFeedHub(this ISiloBuilder silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.Services.AddSingleton<IFeedSilos, NeighbourSilos>().AddHostedService<FeedHub>();
        return silo;
    }

    /// <summary>Brings the feeds of all silos of a cluster into a client's: for a dashboard that is a program of its own.</summary>
    public static IServiceCollection AddEtrClientFeed(this IServiceCollection services)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<RolloutFeed>();
        return services.AddEtrExceptions().AddSingleton<IFeedSilos, ClusterSilos>().AddHostedService<FeedHub>();
    }

    /// <summary>Wakes the runs that are marked running, from this silo on, whichever silo they were on before.</summary>
    public static ISiloBuilder AddEtrRunSupervisor(this ISiloBuilder silo)
    {
        ArgumentNullException.ThrowIfNull(silo);
        silo.Services.AddHostedService<RunSupervisor>();
        return silo;
    }
}
