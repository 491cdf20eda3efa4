using System.Globalization;

namespace Etr.Grains.Diagnosis.Rules;

/// <summary>The learner mostly waits for groups.</summary>
internal sealed class LearnerIdle : IDiagnosisRule
{
    public string Name => "learner-idle";

    public FindingLevel Level => FindingLevel.Notice;

    public bool IsLive => false;

    public string Try => "Add samplers (etr silo --roles sampler), or let drawing run ahead (Etr:Run:Mode=async).";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.Recent(step => step.RolloutSeconds) is not { } waited || view.Recent(step => step.Seconds) is not ({ } all and > 0))
            return null;
        double limit = view.Options.LearnerIdle;
        return new RuleReading(waited / all, limit, view.SlackOf(limit), string.Create(
            CultureInfo.InvariantCulture, $"The learner waited {100 * waited / all:0} % of the time for groups over {view.Options.Window} steps, {waited:0.0} s of {all:0.0} s a step"));
    }
}
