using System.Diagnostics;
using Etr.Core.Files;
using Etr.Core.Gaps;
using Etr.Core.Policies;
using Etr.Core.Training;
using Etr.Grains.Runs;
using Etr.Grains.Tracing;
using Microsoft.Extensions.Logging;

namespace Etr.Grains.Learners;

/// <summary>How a trained step is committed and published, what is written beside it, and what of older steps goes.</summary>
internal sealed partial class LearnerGrain
{
    /// <summary>
    /// Writes the sampler–learner gaps of a step's tokens under their hash, before the step that names it is committed; a step that is
    /// trained again leaves at most another such file. They are for people: without them the step counts all the same.
    /// </summary>
    private async Task<string> KeepGapsAsync(RunContext context, TrainingBatch batch, TrainingStep trained)
    {
        if (trained.LearnerTraces.Count == 0)
            return "";
        try
        {
            return await Task.Run(() => DurableFile.WriteNamed(context.Place.Gaps, ".bin", stream => stream.Write(StepGapsCodec.Write(StepGaps.Of(batch, trained)))).Sha256)
                .WaitAsync(_options.Training, _time);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException or TimeoutException)
        {
            LogGapsNotKept(Name, trained.Step, exception.Message);
            return "";
        }
    }

    private async Task CommitAsync(RunContext context, StepDraft draft, long start)
    {
        using Activity? span = StepSpan.Part("commit");
        KeptFiles[] before = _committed.Kept;
        await (_committing = WriteAsync(draft.After(_committed, Kept(context), _time.GetElapsedTime(start).TotalSeconds)));
        _window.Commit(draft.Batch);
        _parts = draft.Saved.Parts;
        await PublishAsync(context, _committed);
        Collect(context, before, _committed.Kept);
    }

    // The newest, and those that the run wants; all, while it has not said.
    private KeptFiles[] Kept(RunContext context)
    {
        int newest = context.Configuration.Run.KeptVersions() - 1;
        return [.. _committed.Kept.Where((files, index) => _keep is null || index >= _committed.Kept.Length - newest || _keep.Contains(files.Step))];
    }

    private async Task WriteAsync(LearnerRecord record)
    {
        bool step = record.Step != _committed.Step;
        _state.State = record;
        try
        {
            await _state.WriteStateAsync();
        }
        catch
        {
            // Not known to be on disk, so nobody hears of it. Reading again would say; a fresh activation does just that.
            _pump.Stop();
            DeactivateOnIdle();
            throw;
        }

        _committed = record;
        _published &= !step;
    }

    // Whoever asks while it is published shares that.
    private Task PublishAsync(RunContext context, LearnerRecord committed) =>
        _publishing.IsCompleted ? _publishing = PublishOnceAsync(context, committed) : _publishing;

    /// <summary>
    /// Publishes the last committed step's policy and tells of the step until the run has heard: the files first, so that who
    /// hears can read them.
    /// </summary>
    private async Task PublishOnceAsync(RunContext context, LearnerRecord committed)
    {
        StepManifest manifest = committed.Manifest!;
        var weights = new FileRef(committed.Kept[^1].Policy, committed.Kept[^1].PolicySha256);
        if (await PolicyFolder.ReadAsync(context.Place.Policies, manifest.Step, _stop.Token) is null)
        {
            IReadOnlyList<ManifestPart> parts = _parts ?? await _provider.PartsAsync(weights.Path, _stop.Token);
            string model = Path.GetDirectoryName(context.Start.PolicyFile)!;
            LoraOptions lora = context.Configuration.Training.Lora;
            _ = lora.IsOn()
                ? await PolicyFolder.PublishAdaptersAsync(
                    context.Place.Policies, manifest.Step, weights, parts, AdapterConfigFile.Write(lora, context.Configuration.Policy.Path), model, _stop.Token)
                : await PolicyFolder.PublishAsync(context.Place.Policies, manifest.Step, weights, parts, model, _stop.Token);
        }

        string path = StepManifest.PathOf(context.StepsDirectory, manifest.Step);
        if (!File.Exists(path))
            await manifest.WriteAsync(context.StepsDirectory, _stop.Token);
        _wait.Set($"the run to hear of step {manifest.Step}", _options.Touch);
        await GrainFactory.GetGrain<IRunGrain>(Name).StepCommittedAsync(manifest.Summary);
        _wait.Clear();
        _published = true;
        _batchSince = _time.GetTimestamp();
    }

    /// <summary>Deletes what was kept and is no longer. A checkpoint whose content came again is still kept, and so is version 0.</summary>
    private void Collect(RunContext context, KeptFiles[] before, KeptFiles[] now)
    {
        try
        {
            foreach (string path in before.Select(files => files.Checkpoint).Except(now.Select(files => files.Checkpoint)))
                File.Delete(path);
            PolicyFolder.Collect(context.Place.Policies, [0, .. now.Select(files => (long)files.Step)]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            LogNotCollected(Name, exception);
        }
    }

    [LoggerMessage(EventId = 1020, Level = LogLevel.Warning, Message = "Run {Run}: the sampler–learner gaps of step {Step} could not be kept: {Reason}")]
    private partial void LogGapsNotKept(string run, int step, string reason);

    [LoggerMessage(EventId = 1203, Level = LogLevel.Information, Message = "Run {Run}: old files could not be deleted; the next step tries again.")]
    private partial void LogNotCollected(string run, Exception exception);
}
