using Etr.Grains.Runs.TensorBoard;
using Microsoft.Extensions.Logging;

namespace Etr.Grains.Runs;

/// <summary>How a run keeps its <c>steps.csv</c> and its TensorBoard events: beside everything else, and on a silo that sees the run's directory only.</summary>
internal sealed partial class RunGrain
{
    private const int None = int.MaxValue;

    private StepsFile? _stepsFile;
    private EventsFile? _eventsFile;
    private Task _writingSteps = Task.CompletedTask;

    // The first step whose line may differ from what the file has.
    private int _stepsFrom = None;

    private void NoteSteps(int from)
    {
        _stepsFrom = Math.Min(_stepsFrom, from);
        _stepsPump.Wake();
        NoteArchive();
    }

    private void NoteArchive() =>
        _archive.Note(Context.Place, Context.Rewards, Run.Step, Run.State is RunState.Completed or RunState.Failed);

    // What came last before the silo was lost may not be in the file.
    private void NoteLastSteps()
    {
        if (Run.Step > 0)
            NoteSteps(Math.Min(Run.Step, Run.Evaluations.LastOrDefault()?.Step ?? Run.Step));
    }

    private Task WriteStepsAsync() => _writingSteps = WriteStepsOnceAsync();

    private async Task EndStepsAsync()
    {
        _stepsPump.Stop();
        if (Run.Start is not null)
            NoteArchive();
        await _writingSteps;
        await WriteStepsOnceAsync();
    }

    private async Task WriteStepsOnceAsync()
    {
        if (_stepsFrom == None || !Directory.Exists(Context.StepsDirectory))
            return;
        (int from, _stepsFrom) = (_stepsFrom, None);
        try
        {
            _stepsFile ??= new StepsFile(Path.Combine(Context.Start.Directory, "steps.csv"), [.. Context.Rewards.Shaper.Parts.Select(part => part.Name)]);
            await _stepsFile.UpdateAsync(from, Run.Step, RowAsync, CancellationToken.None);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // A table for people; the next step tries again.
            _stepsFrom = Math.Min(_stepsFrom, from);
            LogStepsUnwritten(Name, exception.Message);
        }

        await WriteEventsAsync();
    }

    private async Task WriteEventsAsync()
    {
        if (_options.EventsDirectory is not { } folder)
            return;
        try
        {
            string directory = folder.Length == 0 ? Context.Start.Directory : Path.Combine(folder, Name);
            _eventsFile ??= new EventsFile(Path.Combine(directory, EventsFile.NameOf(Run.StartedAt)), _time);
            await _eventsFile.UpdateAsync(Run.Step, SummaryAsync, Run.Evaluations, CancellationToken.None);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or InvalidDataException)
        {
            // For people's tools, as the table is.
            LogEventsUnwritten(Name, exception.Message);
        }
    }

    private async ValueTask<StepRow?> RowAsync(int step) => await SummaryAsync(step) is { } summary
        ? new StepRow(summary, Run.Evaluations.LastOrDefault(found => found.Step == step), [.. Run.Guards.Alarms.Where(alarm => alarm.Step == step)])
        : null;

    [LoggerMessage(EventId = 1002, Level = LogLevel.Information, Message = "Run {Run}: steps.csv could not be written; the next step tries again: {Reason}")]
    private partial void LogStepsUnwritten(string run, string reason);

    [LoggerMessage(EventId = 1013, Level = LogLevel.Information, Message = "Run {Run}: its TensorBoard events could not be written; the next step tries again: {Reason}")]
    private partial void LogEventsUnwritten(string run, string reason);
}
