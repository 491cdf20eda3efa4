using System.Globalization;
using Etr.Core.Runs;

namespace Etr.Grains.Runs;

/// <summary>What a run does on hearing of a commit or a cancellation: the rules alone, without a grain around them.</summary>
internal static class RunProgress
{
    private const int MostSkippedInARow = 3;

    // A prompt set in which nothing can be drawn or graded must not be dealt for ever.
    private const int MostCancelledPerStep = 4;
    private const int MostEvaluations = 1000;

    /// <summary>Deals until the window is full, or the steps that are left have all they need. Returns whether it dealt.</summary>
    public static bool Deal(RunRecord run, RunOptions options)
    {
        long left = (long)Math.Max(0, options.Steps - run.Step) * options.PromptsPerStep;
        int missing = (int)Math.Min(options.Window(), left) - run.Ledger.OpenCount;
        if (run.State != RunState.Running || run.Step >= options.Steps || missing <= 0)
            return false;
        run.Ledger.Deal(missing);
        return true;
    }

    /// <summary>Takes a committed step into the books. False where it is there already.</summary>
    /// <exception cref="InvalidOperationException">A step in between was never heard of.</exception>
    public static bool Commit(RunRecord run, StepSummary summary, RunOptions options)
    {
        if (summary.Step <= run.Step)
            return false;
        if (summary.Step != run.Step + 1)
            throw new InvalidOperationException($"Step {summary.Step} was committed, but step {run.Step} is the last one known.");

        foreach (long ordinal in summary.Ordinals)
            run.Ledger.Move(ordinal, GroupOutcome.Consumed);
        (run.Step, run.LastStep, run.CancelledSinceStep, run.FilteredSinceStep) = (summary.Step, summary, 0, 0);
        run.SkippedSteps += summary.Applied ? 0 : 1;
        run.SkippedInARow = summary.Applied ? 0 : run.SkippedInARow + 1;
        double signal = 1 - summary.ZeroAdvantage / (double)Math.Max(1, summary.Ordinals.Count);
        run.QuietInARow = signal < options.SignalFloor ? run.QuietInARow + 1 : 0;
        Judge(run, options);
        return true;
    }

    /// <summary>Takes a group that will never be trained on into the books. False where its outcome was known.</summary>
    public static bool Drop(RunRecord run, long ordinal, GroupOutcome outcome, RunOptions options)
    {
        if (!run.Ledger.Move(ordinal, outcome))
            return false;
        if (++run.CancelledSinceStep >= MostCancelledPerStep * options.PromptsPerStep && run.State == RunState.Running)
        {
            run.State = RunState.Failed;
            run.Reason = $"{run.CancelledSinceStep} groups since step {run.Step} could not be trained on; the last one was {outcome.ToString().ToLowerInvariant()}.";
        }

        return true;
    }

    /// <summary>Drops a group for want of signal, while the budget lasts. False where it is to be trained on.</summary>
    public static bool TryFilter(RunRecord run, long ordinal, RunOptions options)
    {
        if (run.State is not (RunState.Running or RunState.Paused))
            return false;
        if (run.Ledger.IsDropped(ordinal))
            return true;
        if (run.FilteredSinceStep >= options.FilterBudget || !run.Ledger.Move(ordinal, GroupOutcome.Filtered))
            return false;
        run.FilteredSinceStep++;
        return true;
    }

    /// <summary>Notes that the policy of the step that was just committed is to be evaluated, unless another one still is.</summary>
    public static void PlanEvaluation(RunRecord run, int every)
    {
        if (every > 0 && run.Step % every == 0 && run.EvaluationDue == 0 && run.State is (RunState.Running or RunState.Paused))
            (run.EvaluationDue, run.EvaluationSha256) = (run.Step, run.LastStep!.PolicySha256);
    }

    /// <summary>Takes an evaluation into the books. False where it is there already.</summary>
    public static bool Evaluate(RunRecord run, RunEvaluation found)
    {
        if (found.Step != run.EvaluationDue)
            return false;
        (run.Evaluations, run.EvaluationDue, run.EvaluationSha256) = ([.. run.Evaluations.TakeLast(MostEvaluations - 1), found], 0, "");
        return true;
    }

    /// <summary>Why the run ends by its evaluations; null where it does not.</summary>
    public static string? EarlyEnd(RunRecord run, int patience)
    {
        if (patience == 0 || RunEvaluation.BestOf(run.Evaluations) is not { } best)
            return null;
        int since = run.Evaluations.Count(other => other.Failure.Length == 0 && other.Step > best.Step);
        return since < patience ? null : string.Create(
            CultureInfo.InvariantCulture,
            $"No better than step {best.Step} (held-out accuracy {best.Accuracy:0.000}, length {best.Length:0.0}) in {since} evaluations in a row.");
    }

    /// <summary>Gives every open group the outcome "operator": the run is over. Returns their ordinals.</summary>
    public static long[] CancelOpen(RunRecord run)
    {
        long[] open = [.. run.Ledger.Open];
        foreach (long ordinal in open)
            run.Ledger.Move(ordinal, GroupOutcome.Operator);
        return open;
    }

    private static void Judge(RunRecord run, RunOptions options)
    {
        if (run.SkippedInARow >= MostSkippedInARow)
        {
            run.State = RunState.Failed;
            run.Reason = $"Loss or gradients were not finite in {run.SkippedInARow} steps in a row; the state before them is saved.";
        }
        else if (run.Step >= options.Steps)
        {
            run.State = RunState.Completed;
            run.Reason = $"All {options.Steps} steps are committed.";
        }
        else if (options.StopAfterQuietSteps > 0 && run.QuietInARow >= options.StopAfterQuietSteps)
        {
            run.State = RunState.Completed;
            run.Reason = $"Converged: fewer than {options.SignalFloor:P0} of the groups had a signal in {run.QuietInARow} steps in a row.";
        }
    }
}
