using Etr.Grains.Learners;

namespace Etr.Grains.Runs;

/// <summary>
/// What a run was: its steps and the rounds that it trained on. The newest steps are in memory, older ones in the archive, and what that
/// lacks in the steps' manifests.
/// </summary>
internal sealed partial class RunGrain
{
    private const int MostSteps = 1000;

    // So few manifests are read sooner than a part of the archive is opened.
    private const int FewSteps = 8;

    public async Task<IReadOnlyList<StepSummary>> GetStepsAsync(int fromStep)
    {
        if (Run.Start is null)
            return Array.Empty<StepSummary>();
        int first = Math.Max(1, fromStep);
        int last = (int)Math.Min(Run.Step, first + (long)MostSteps - 1);
        Dictionary<int, StepSummary> archived = await ArchivedAsync(first, last);
        var (steps, bytes) = (new List<StepSummary>(), 0);
        for (int step = first; step <= last; step++)
        {
            if ((archived.GetValueOrDefault(step) ?? await SummaryAsync(step)) is not { } summary)
                continue;
            bytes += MessageSize.Of(summary);
            if (bytes > MessageSize.Most && steps.Count > 0)
                break;
            steps.Add(summary);
        }

        return steps.ToArray();
    }

    public async Task<StepSummary?> GetStepAsync(int number) =>
        Run.Start is not null && number >= 1 && number <= Run.Step ? await SummaryAsync(number) : null;

    public Task<RoundsPage> GetRoundsAsync(RoundPlace? before) => Run.Start is null
        ? Task.FromResult(RoundsPage.Empty(0))
        : _archive.ReadRoundsAsync(Context.Place, Context.Rewards, Run.Step, Context.Prompts.Count, before);

    /// <summary>A step's summary, from memory or from its manifest, where anyone can read it: the run's own state stays small.</summary>
    private async ValueTask<StepSummary?> SummaryAsync(int step)
    {
        if (Known(step) is { } known)
            return known;
        StepSummary? read = (await StepManifest.ReadAsync(Context.StepsDirectory, step, CancellationToken.None))?.Summary;
        if (read is not null && step > Run.Step - MostSteps)
            Remember(read);
        return read;
    }

    /// <summary>Those of a range that are not in memory and are in the archive.</summary>
    private async Task<Dictionary<int, StepSummary>> ArchivedAsync(int first, int last)
    {
        var unknown = Enumerable.Range(first, Math.Max(0, last - first + 1)).Where(step => Known(step) is null).ToArray();
        if (unknown.Length <= FewSteps)
            return [];
        IReadOnlyList<StepSummary> read = await _archive.ReadStepsAsync(Context.Place, unknown[0], unknown[^1]);
        foreach (StepSummary summary in read.Where(summary => summary.Step > Run.Step - MostSteps))
            Remember(summary);
        return read.ToDictionary(summary => summary.Step);
    }

    private StepSummary? Known(int step) => step == Run.Step ? Run.LastStep : _summaries.GetValueOrDefault(step);

    /// <summary>Keeps the newest summaries at hand, for those who watch.</summary>
    private void Remember(StepSummary summary)
    {
        _summaries[summary.Step] = summary;
        _summaries.Remove(summary.Step - MostSteps);
    }
}
