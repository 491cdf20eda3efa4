using Etr.Core.Policies;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Dashboard;
using Etr.Grains.Evaluations;
using Etr.Grains.Files;
using Etr.Grains.Hosting;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;
using Etr.Silo.Archive;
using Etr.Silo.Endpoint;
using Etr.Silo.Engines;
using Etr.Silo.Files;
using Etr.Silo.RemoteSamplers;
using Etr.Silo.Store;
using Etr.Silo.Telemetry;
using Etr.Silo.Training;

namespace Etr.Silo.Hosting;

/// <summary>What a silo offers by its roles.</summary>
internal static class SiloParts
{
    /// <summary>The parts of a silo.</summary>
    /// <param name="plan">The silo.</param>
    /// <param name="data">Its data directory.</param>
    /// <param name="wakesRuns">Whether it wakes the runs that are marked running.</param>
    public static HostParts Of(SiloPlan plan, DataDirectory data, bool wakesRuns)
    {
        SiloRoles roles = plan.Card.Roles;
        return new HostParts
        {
            Silo = silo =>
            {
                silo.AddEtrGrains(grains => grains.EventsDirectory = EventsFolder.Of(plan.Settings.Host.Telemetry), plan.Card);
                OrleansPages.AddTo(silo, plan);
                if (roles.HasFlag(SiloRoles.Dashboard))
                    silo.AddEtrFeedHub();
                if (wakesRuns)
                    silo.AddEtrRunSupervisor();
            },
            Services = services =>
            {
                AddFiles(services, plan, data);
                AddEngines(services, plan);
                if (roles.HasFlag(SiloRoles.Sampler))
                {
                    services.AddSingleton<IRolloutEngineProvider>(provider => provider.GetRequiredService<EngineProvider>());
                    services.AddSingleton<IPolicyEvaluator, PolicyEvaluator>();
                }

                if (roles.HasFlag(SiloRoles.Learner))
                {
                    services.AddSingleton<IPolicyTrainerProvider, TrainerProvider>();
                    services.AddSingleton<IRunStarter>(provider => new RunStarter(data, plan.Card.Devices, provider.GetRequiredService<TimeProvider>()));
                }

                services.AddSingleton<IRunArchive>(provider => new RunArchive(plan.Settings.Host.Archive, () => RunArchive.FoldersIn(data), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<RunArchive>>()));
                if ((roles & (SiloRoles.Store | SiloRoles.Learner)) != 0)
                {
                    services.AddSingleton<IRunControl, RunControl>();
                    services.AddHostedService(provider => ActivatorUtilities.CreateInstance<DiskWatch>(provider, () => new DriveInfo(data.Root).AvailableFreeSpace));
                }

                if (roles.HasFlag(SiloRoles.Dashboard))
                    services.AddEtrDashboard(plan.Settings.Host.Dashboard.Orleans ? $"{OrleansPages.Path}/" : null);
                if (plan.Settings.Host.Endpoint.Enabled)
                    services.AddEtrEndpoint();
            },
            Web = app =>
            {
                app.MapEtrFiles();
                if (plan.Settings.Host.Endpoint.Enabled)
                    app.MapEtrEndpoint(WebSetup.SecretOf(plan.Settings.Host.Endpoint.Secret, plan.Settings.Host, plan.Web));
                if (roles.HasFlag(SiloRoles.Dashboard))
                    app.MapEtrDashboard();
                OrleansPages.Map(app, plan);
            },
        };
    }

    private static PolicyOptions PolicyOf(SiloPlan plan) => plan.Settings.Run.Policy with
    {
        Threads = EngineThreads.OfEngine(plan.Settings.Run, plan.Card.Roles, Environment.ProcessorCount),
    };

    private static void AddEngines(IServiceCollection services, SiloPlan plan)
    {
        if (plan.Remote.Count > 0)
        {
            services.AddSingleton<RemoteMetrics>();
            services.AddSingleton(provider => new RemoteSamplerSet(
                plan.Remote, plan.Settings.Host.Samplers.Scoring == "torch", PolicyOf(plan),
                provider.GetRequiredService<RemoteMetrics>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILoggerFactory>()));
        }

        services.AddSingleton(provider => new EngineProvider(
            [.. OwnDevices(plan).Select(DeviceSpec.Parse)], PolicyOf(plan), provider.GetRequiredService<EngineClock>(), lowPriority: true,
            provider.GetService<RemoteSamplerSet>(), draws: plan.OwnDevices.Count > 0));
    }

    // Evaluation draws too, on a silo without the role or one whose groups are drawn by servers.
    private static IReadOnlyList<string> OwnDevices(SiloPlan plan) => plan.OwnDevices.Count > 0 ? plan.OwnDevices : [plan.Settings.Run.Policy.Device];

    private static void AddFiles(IServiceCollection services, SiloPlan plan, DataDirectory data)
    {
        services.AddSingleton(data);
        services.AddSingleton(new LocalFiles(data, plan.Home, sharedDirectories: plan.Settings.Host.Cluster.Files == "auto"));
        services.AddSingleton<PeerClient>();
        services.AddSingleton(_ => new PolicyFetcher(plan.Home.Policies));
        services.AddSingleton<IRunFiles, ClusterRunFiles>();
    }
}
