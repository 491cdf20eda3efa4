using Etr.Core.Statistics;
using Etr.Core.Tasks;

namespace Etr.Core.Evaluation;

/// <summary>A prompt with what came of its traces, by slot.</summary>
internal sealed record EvaluatedPrompt(
    PromptItem Item, IReadOnlyList<TraceStatistics> Statistics, IReadOnlyList<int> Reflections, IReadOnlyList<string> Answers);
