using Etr.Core.Runs;
using Etr.Core.Trends;
using Etr.Grains.Groups;
using Etr.Grains.Prompts;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Silos;
using Microsoft.Extensions.Options;

namespace Etr.Dashboard.Reading;

/// <summary>Reads from the grains.</summary>
internal sealed class OrleansRunReader(IGrainFactory grains, IOptions<DashboardOptions> options, TimeProvider time) : IRunReader
{
    public Task<IReadOnlyList<RunEntry>> ListRunsAsync(CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IRunDirectoryGrain>(0).ListAsync(), cancellationToken);

    public Task<RunStatus> GetRunAsync(string run, CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IRunGrain>(run).GetStatusAsync(), cancellationToken);

    public Task<IReadOnlyList<StepSummary>> GetStepsAsync(string run, int fromStep, CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IRunGrain>(run).GetStepsAsync(fromStep), cancellationToken);

    public Task<RoundsPage> GetRoundsAsync(string run, RoundPlace? before, CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IRunGrain>(run).GetRoundsAsync(before), cancellationToken);

    public Task<IReadOnlyList<RunFaultNote>> GetFaultsAsync(string run, CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IRunGrain>(run).GetFaultsAsync(), cancellationToken);

    public Task<IReadOnlyList<MemberLife>> GetMembersAsync(CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IClusterGrain>(0).GetMembersAsync(), cancellationToken);

    public async Task<TrendOptions> GetTrendOptionsAsync(string run, CancellationToken cancellationToken)
    {
        var start = await Within(grains.GetGrain<IRunGrain>(run).GetStartAsync(), cancellationToken);
        if (start is null)
            return TrendOptions.Guarded;

        return RewardPlan.Of(RunConfigurationJson.Read(start.ConfigurationJson).Reward).Preset.Trend;
    }

    public Task<PoolStatus> GetPoolAsync(CancellationToken cancellationToken) =>
        Within(grains.GetGrain<ISamplerPoolGrain>(0).GetStatusAsync(), cancellationToken);

    public Task<IReadOnlyList<SiloStatusLine>> GetSilosAsync(CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IClusterGrain>(0).GetSilosAsync(), cancellationToken);

    public async Task<RunStart> GetStartAsync(string run, CancellationToken cancellationToken) =>
        await Within(grains.GetGrain<IRunGrain>(run).GetStartAsync(), cancellationToken) ?? throw new KeyNotFoundException($"There is no run called {run}.");

    public Task<PromptView> GetPromptAsync(string run, int prompt, CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IPromptGrain>(IPromptGrain.KeyOf(run, prompt)).GetViewAsync(), cancellationToken);

    public Task<GroupView> GetGroupAsync(string run, long ordinal, CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(run, ordinal)).GetViewAsync(), cancellationToken);

    public Task<GroupGaps> GetGapsAsync(string run, long ordinal, CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(run, ordinal)).GetGapsAsync(), cancellationToken);

    private Task<T> Within<T>(Task<T> call, CancellationToken cancellationToken) =>
        call.WaitAsync(options.Value.CallDeadline, time, cancellationToken);
}
