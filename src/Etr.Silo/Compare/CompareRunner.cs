using System.Collections.Concurrent;
using System.Globalization;
using Etr.Silo.Cli;
using Etr.Silo.Training;

namespace Etr.Silo.Compare;

/// <summary>Makes the runs that are not there yet, some at a time. One that fails does not stop the others.</summary>
internal sealed class CompareRunner(ComparePlan plan, IChildRunner children, Terminal terminal, TimeProvider time)
{
    private const int ShownLines = 15;
    private readonly ConcurrentQueue<CompareJob> _queue = new();
    private readonly Lock _lock = new();
    private long _started;
    private int _of;
    private int _ended;
    private int _failed;

    /// <summary>Runs them.</summary>
    /// <param name="interrupt">Pauses what is under way and starts nothing more.</param>
    /// <returns>The exit code.</returns>
    /// <exception cref="CommandFailure">A folder holds a run of other settings; nothing was started.</exception>
    public async Task<int> RunAsync(CancellationToken interrupt)
    {
        CompareJob[] all = [.. plan.AllJobs];
        Check(all);
        foreach (CompareJob job in all.Where(job => !job.Folder.IsFinished))
            _queue.Enqueue(job);
        (_of, _started) = (_queue.Count, time.GetTimestamp());
        terminal.Line($"{all.Length} runs, {all.Length - _of} there already; {Math.Min(plan.Jobs, Math.Max(1, _of))} at a time with {plan.Threads} thread{(plan.Threads == 1 ? "" : "s")} each");
        await Task.WhenAll(Enumerable.Range(0, plan.Jobs).Select(_ => WorkAsync(interrupt)));
        bool cut = interrupt.IsCancellationRequested && _ended < _of;
        if (cut)
            terminal.Line($"interrupted with {_of - _ended} runs to go; the same command goes on where it stopped");
        return cut ? ExitCodes.Interrupted : _failed > 0 ? ExitCodes.Failed : ExitCodes.Done;
    }

    // A finished run of other settings under an arm's name would be compared as if it were the arm.
    private void Check(IEnumerable<CompareJob> jobs)
    {
        foreach (CompareJob job in jobs)
        {
            if (JobRecord.Read(job.Folder) is { } there && !there.Fits(JobRecord.Of(job, plan.Limit)))
                throw new CommandFailure($"{job.Folder.Path} holds a run of {job.Arm.Name} with other settings ({Path.GetFileName(job.Folder.Job)} names them): name another folder with --out, or remove it");
        }
    }

    private async Task WorkAsync(CancellationToken interrupt)
    {
        while (!interrupt.IsCancellationRequested && _queue.TryDequeue(out CompareJob? job))
        {
            long start = time.GetTimestamp();
            try
            {
                ChildEnd end = await RunAsync(job, interrupt);
                Close(job, end, time.GetElapsedTime(start), interrupt.IsCancellationRequested);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception or CommandFailure)
            {
                Close(job, new ChildEnd(ExitCodes.Failed, e.Message), time.GetElapsedTime(start), interrupted: false);
            }
        }
    }

    private async Task<ChildEnd> RunAsync(CompareJob job, CancellationToken interrupt)
    {
        JobFolder folder = job.Folder;
        Directory.CreateDirectory(folder.Path);
        JobRecord record = JobRecord.Read(folder) ?? JobRecord.Of(job, plan.Limit);
        await record.WriteAsync(folder, CancellationToken.None);
        string? begun = folder.Begun();
        terminal.Line($"{(begun is null ? "start " : "resume")}  {job}");
        long start = time.GetTimestamp();
        ChildEnd end = await children.RunAsync(Arguments(job, folder, begun), folder.Log, interrupt);
        await (record with { Seconds = record.Seconds + time.GetElapsedTime(start).TotalSeconds }).WriteAsync(folder, CancellationToken.None);
        return end;
    }

    private List<string> Arguments(CompareJob job, JobFolder folder, string? begun)
    {
        var arguments = new List<string> { "train", "--exit", "--no-dashboard", "--summary", folder.Summary, "--set", $"Etr:Data={folder.Data}" };
        if (plan.Limit is { } limit)
            arguments.AddRange(["--minutes", limit.TotalMinutes.ToString("R", CultureInfo.InvariantCulture)]);
        if (begun is not null)
            return [.. arguments, "--resume", begun];
        foreach ((string key, string value) in plan.SettingsOf(job))
            arguments.AddRange(["--set", $"{key}={value}"]);
        return arguments;
    }

    private void Close(CompareJob job, ChildEnd end, TimeSpan took, bool interrupted)
    {
        lock (_lock)
        {
            bool finished = end.Code == ExitCodes.Done && job.Folder.IsFinished;
            if (!finished && interrupted)
                return;
            _ended++;
            TimeSpan passed = time.GetElapsedTime(_started);
            string left = _ended < _of ? $"; {StepFigures.Remaining(passed / _ended * (_of - _ended))} left" : "";
            string line = string.Create(CultureInfo.InvariantCulture, $"{_ended,4}/{_of}  {job}: {(finished ? Outcome(job) : "FAILED")}, {took.TotalSeconds:0} s{left}");
            terminal.Line(line);
            if (finished)
                return;
            _failed++;
            terminal.Fail($"{job} ended with exit code {end.Code}; {job.Folder.Log} has all it wrote, the last lines are:");
            foreach (string last in end.LastLines.Split('\n').TakeLast(ShownLines))
                terminal.Error.WriteLine($"    {last}");
        }
    }

    private static string Outcome(CompareJob job)
    {
        SummaryFile summary = SummaryFile.Read(job.Folder.Summary);
        return summary is { Before: { } before, After: { } after }
            ? string.Create(CultureInfo.InvariantCulture, $"accuracy {before.Accuracy:0.000} -> {after.Accuracy:0.000}, length {before.Length:0.0} -> {after.Length:0.0}, AES {StepFigures.Number(summary.Aes, "0.00")}, {summary.Steps} steps")
            : $"{summary.Steps} steps, not evaluated";
    }
}
