using Etr.Core.Rollouts;
using Etr.Core.Tasks.Arithmetic;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Pretraining;

/// <summary>
/// The stream of demonstration batches. Demonstrations are drawn by index, then sorted by length within a window of several
/// batches, so that a batch holds little padding; batches of a window come in random order.
/// </summary>
internal sealed class DemonstrationBatches(PretrainRecipe recipe, IPolicyTokenizer tokenizer)
{
    private const int WindowBatches = 16;
    private const uint ChainPurpose = 0x43484149;
    private const uint OrderPurpose = 0x4F524445;
    private const uint GapPurpose = 0x47415021;

    private readonly IReadOnlyList<ArithmeticStyle> _styles = ArithmeticStyles.Parse(recipe.Styles);
    private readonly Queue<Demonstration[]> _window = new();
    private ulong _drawn;
    private (double Redundancy, double Slip) _stage = (-1, -1);

    /// <summary>The batch of a step; steps are to be asked for in order.</summary>
    public Demonstration[] At(int step)
    {
        (double Redundancy, double Slip) stage = recipe.ChainsAt(step);
        if (_window.Count == 0 || stage != _stage)
        {
            _stage = stage;
            Refill();
        }

        return _window.Dequeue();
    }

    private void Refill()
    {
        ulong seed = (ulong)recipe.Seed;
        var order = new PhiloxSequence(seed, OrderPurpose, _drawn);
        Demonstration[] drawn = [.. Enumerable.Range(0, WindowBatches * recipe.BatchSize)
            .Select(_ => Draw(seed, _drawn++))
            .OrderBy(demonstration => demonstration.Length)];
        Demonstration[][] batches = [.. drawn.Chunk(recipe.BatchSize)];
        for (int i = batches.Length - 1; i > 0; i--)
        {
            int j = order.NextInt(i + 1);
            (batches[i], batches[j]) = (batches[j], batches[i]);
        }

        _window.Clear();
        foreach (Demonstration[] batch in batches)
        {
            _window.Enqueue(batch);
        }
    }

    private Demonstration Draw(ulong seed, ulong index)
    {
        ArithmeticStyle style = _styles[(int)(index % (ulong)_styles.Count)];
        ArithmeticProblem problem = ArithmeticPromptSet.Draw(seed, ArithmeticSplit.Train, style, index);
        string chain = problem.Demonstrate(new PhiloxSequence(seed, ChainPurpose, index), _stage.Redundancy, _stage.Slip);
        IReadOnlyList<int> prompt = tokenizer.Encode(problem.Prompt);
        var gap = new PhiloxSequence(seed, GapPurpose, index);
        return new Demonstration([.. prompt, .. tokenizer.Encode(chain), ArithmeticTokenizer.EndToken], prompt.Count)
        {
            Gap = recipe.LongestGap > 0 && gap.NextBool(recipe.GapShare) ? 1 + gap.NextInt(recipe.LongestGap) : 0,
        };
    }
}

/// <summary>Prompt and chain as token ids.</summary>
/// <param name="Ids">All ids, end-of-sequence included.</param>
/// <param name="PromptLength">How many of them are the prompt's.</param>
internal sealed record Demonstration(int[] Ids, int PromptLength)
{
    public int Length => Ids.Length;

    /// <summary>Positions left out between prompt and chain.</summary>
    public int Gap { get; init; }
}
