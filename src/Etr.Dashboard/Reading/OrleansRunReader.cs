using System.Text.Json;
using Etr.Core.Presets;
using Etr.Core.Runs;
using Etr.Core.Trends;
using Etr.Grains.Groups;
using Etr.Grains.Prompts;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
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

    public async Task<TrendOptions> GetTrendOptionsAsync(string run, CancellationToken cancellationToken)
    {
        var start = await Within(grains.GetGrain<IRunGrain>(run).GetStartAsync(), cancellationToken);
        if (start is null)
            return TrendOptions.Guarded;

        var reward = JsonSerializer.Deserialize<RunConfiguration>(start.ConfigurationJson)?.Reward ?? new RewardOptions();
        return TrendOf(reward);
    }

    public Task<PoolStatus> GetPoolAsync(CancellationToken cancellationToken) =>
        Within(grains.GetGrain<ISamplerPoolGrain>(0).GetStatusAsync(), cancellationToken);

    public Task<PromptView> GetPromptAsync(string run, int prompt, CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IPromptGrain>(IPromptGrain.KeyOf(run, prompt)).GetViewAsync(), cancellationToken);

    public Task<GroupView> GetGroupAsync(string run, long ordinal, CancellationToken cancellationToken) =>
        Within(grains.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(run, ordinal)).GetViewAsync(), cancellationToken);

    /// <summary>The preset a run measures its trend by, with the constants its configuration overrides.</summary>
    internal static TrendOptions TrendOf(RewardOptions reward)
    {
        var name = reward.Preset.Length > 0 ? reward.Preset : reward.Shaper;
        var preset = EtrPreset.All.FirstOrDefault(p => p.Name == name) ?? EtrPreset.Guarded;
        return new TrendOptions(
            reward.Alpha ?? preset.Trend.Alpha,
            reward.Beta ?? preset.Trend.Beta,
            reward.Gamma ?? preset.Trend.Gamma);
    }

    private Task<T> Within<T>(Task<T> call, CancellationToken cancellationToken) =>
        call.WaitAsync(options.Value.CallDeadline, time, cancellationToken);
}
