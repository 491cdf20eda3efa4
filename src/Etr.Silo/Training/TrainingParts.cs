using Etr.Core.Rollouts;
using Etr.Dashboard;
using Etr.Grains.Hosting;
using Etr.Grains.Learners;
using Etr.Grains.Samplers;
using Etr.Policy.Runtime;
using Etr.Silo.Configuration;
using Etr.Silo.Engines;
using Etr.Silo.Hosting;

namespace Etr.Silo.Training;

/// <summary>What a process that trains adds to a bare silo: grains, a sampler, a learner, the dashboard.</summary>
internal static class TrainingParts
{
    /// <summary>The parts for a run.</summary>
    public static HostParts Of(EtrSettings settings, RunPlan plan, TorchRuntime runtime) => new()
    {
        Silo = silo => silo.AddEtrGrains(),
        Services = services =>
        {
            services.AddSingleton(provider => new EngineProvider(plan.Configuration.Policy, provider.GetRequiredService<EngineClock>()));
            services.AddSingleton<IRolloutEngineProvider>(provider => provider.GetRequiredService<EngineProvider>());
            services.AddSingleton<IPolicyTrainerProvider>(provider =>
                new TrainerProvider(runtime, provider.GetRequiredService<EngineClock>(), provider.GetRequiredService<TimeProvider>()));
            if (settings.Host.Dashboard.Enabled)
                services.AddEtrDashboard();
        },
        Web = app =>
        {
            if (settings.Host.Dashboard.Enabled)
                app.MapEtrDashboard();
        },
    };
}
