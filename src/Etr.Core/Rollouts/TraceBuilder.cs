using Etr.Core.Presets;
using Etr.Core.Steps;
using Etr.Core.Trends;

namespace Etr.Core.Rollouts;

/// <summary>
/// A trace as it is drawn: takes tokens in order, and knows at any moment its steps, their entropies and its trend. White
/// space after a step still joins it, so the newest ended step's entropy may move until the next one has text; the finished
/// <see cref="Trace"/> is cut afresh from its tokens.
/// </summary>
public sealed class TraceBuilder(EtrPreset preset)
{
    private readonly List<SampledToken> _tokens = [];
    private readonly List<int> _ends = [];
    private readonly List<double> _stepEntropies = [];
    private StepSegmenter _segmenter;
    private TrendAccumulator _trendBeforeNewest = new(preset.Trend);
    private TrendAccumulator _trend = new(preset.Trend);
    private int _referenceStart;

    /// <summary>Its tokens so far.</summary>
    public IReadOnlyList<SampledToken> Tokens => _tokens;

    /// <summary>Mean full-vocabulary entropy (nats) of each ended step, by the sampled text.</summary>
    public IReadOnlyList<double> StepEntropies => _stepEntropies;

    /// <summary>For each ended step the index after its last token.</summary>
    public IReadOnlyList<int> StepEnds => _ends;

    /// <summary>The trend R (nats) of the ended steps, under the preset's constants and step rule.</summary>
    public double Trend => _trend.Value;

    /// <summary>Takes the next token.</summary>
    /// <returns>The index of the step that it ended, or whose entropy it moved; −1 where it did neither.</returns>
    public int Add(in SampledToken token)
    {
        _tokens.Add(token);
        if (preset.Steps == StepRule.ArgMaxToken && token.ArgMaxBreaks)
            EndReferenceStep();

        switch (_segmenter.Append(token.Text))
        {
            case StepBoundary.Ended:
                EndStep();
                break;
            case StepBoundary.Joined:
                _ends[^1] = _tokens.Count;
                _stepEntropies[^1] = NewestEntropy();
                if (preset.Steps == StepRule.SampledText)
                    Follow(_stepEntropies[^1]);
                break;
            default:
                return -1;
        }

        return _stepEntropies.Count - 1;
    }

    /// <summary>The trace as it is when nothing follows: its tail is the last step.</summary>
    public Trace Complete(bool truncated) => Trace.Of([.. _tokens], truncated);

    private void EndStep()
    {
        _ends.Add(_tokens.Count);
        _stepEntropies.Add(NewestEntropy());
        if (preset.Steps != StepRule.SampledText)
            return;
        _trendBeforeNewest = _trend;
        Follow(_stepEntropies[^1]);
    }

    private void EndReferenceStep()
    {
        double sum = 0;
        for (int i = _referenceStart; i < _tokens.Count; i++)
            sum += _tokens[i].TopFiveEntropy;
        _trend.Add(sum / (_tokens.Count - _referenceStart));
        _referenceStart = _tokens.Count;
    }

    private void Follow(double newest)
    {
        _trend = _trendBeforeNewest;
        _trend.Add(newest);
    }

    private double NewestEntropy()
    {
        int start = _ends.Count > 1 ? _ends[^2] : 0;
        double sum = 0;
        for (int i = start; i < _tokens.Count; i++)
            sum += _tokens[i].Entropy;
        return sum / (_tokens.Count - start);
    }
}
