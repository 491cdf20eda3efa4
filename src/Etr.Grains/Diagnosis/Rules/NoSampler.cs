namespace Etr.Grains.Diagnosis.Rules;

/// <summary>Nothing is drawn, since no sampler is live.</summary>
internal sealed class NoSampler : IDiagnosisRule
{
    public string Name => "no-sampler";

    public FindingLevel Level => FindingLevel.Bad;

    public bool IsLive => true;

    public string Try => "Start a silo with the role sampler: etr silo --join HOST:PORT --roles sampler.";

    public RuleReading? Read(DiagnosisView view)
    {
        if (view.Pool is not { } pool)
            return null;
        int able = pool.Samplers.Count(sampler => !sampler.Draining);
        string leaving = pool.Samplers.Count > 0 ? $" ({pool.Samplers.Count} drain and take nothing new)" : "";
        return new RuleReading(able == 0 ? 1 : 0, 0.5, 0, $"No sampler is live{leaving}, and {pool.Waiting} slots are waited for");
    }
}
