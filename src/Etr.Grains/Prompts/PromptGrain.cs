using System.Diagnostics;
using Etr.Core.Tasks;
using Etr.Grains.Groups;
using Etr.Grains.Runs;
using Etr.Grains.State;
using Etr.Grains.Tracing;
using Orleans.Placement;

namespace Etr.Grains.Prompts;

/// <inheritdoc cref="IPromptGrain"/>
/// <remarks>
/// The round of an ordinal is its epoch, so opening needs no write: the same ordinal has the same round on any silo and
/// after any crash. What is written is what came of the round.
/// </remarks>
[RandomPlacement]
internal sealed class PromptGrain : Grain, IPromptGrain
{
    private const string Separator = "/prompt/";
    private const int MostRounds = 256;

    private readonly IPersistentState<PromptRecord> _state;
    private readonly RunContexts _contexts;

    // Made for the first write: of a large set most prompts are idle, and each counts.
    private StateWriter? _writer;

    public PromptGrain([PersistentState("prompt", EtrStorage.Name)] IPersistentState<PromptRecord> state, RunContexts contexts) =>
        (_state, _contexts) = (state, contexts);

    private (string Run, int Prompt) Identity
    {
        get
        {
            string key = this.GetPrimaryKeyString();
            int separator = key.LastIndexOf(Separator, StringComparison.Ordinal);
            return (key[..separator], int.Parse(key.AsSpan(separator + Separator.Length), provider: System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    public Task<PromptStanding> GetStandingAsync()
    {
        RoundResult? last = _state.State.History.LastOrDefault();
        return Task.FromResult(last is null ? default : new PromptStanding(_state.State.History.Count, last.Accuracy, last.Trend));
    }

    public async Task OpenRoundAsync(long ordinal, long place, long policyVersion, string policyFile, string policySha256, bool trendOff)
    {
        (string run, int prompt) = Identity;
        RunContext context = await _contexts.GetAsync(run);
        if (context.Schedule.PromptOf(place) != prompt)
            throw new ArgumentOutOfRangeException(nameof(place), place, $"The place belongs to prompt {context.Schedule.PromptOf(place)}, not {prompt}.");

        _state.State.CurrentOrdinal = Math.Max(_state.State.CurrentOrdinal, ordinal);
        using Activity? span = GroupSpans.PromptOpen(run, prompt, ordinal);
        await GrainFactory.GetGrain<IGroupGrain>(IGroupGrain.KeyOf(run, ordinal)).OpenAsync(new GroupSpec
        {
            Run = run,
            Ordinal = ordinal,
            Prompt = prompt,
            Round = context.Schedule.RoundOf(place),
            PolicyVersion = policyVersion,
            PolicyFile = policyFile,
            PolicySha256 = policySha256,
            TrendOff = trendOff,
        });
    }

    public async Task RoundSealedAsync(RoundResult result)
    {
        List<RoundResult> history = _state.State.History;
        int known = history.FindIndex(round => round.Ordinal == result.Ordinal);
        if (known >= 0 && history[known] == result)
            return;
        if (known >= 0)
            history[known] = result;
        else
            history.Add(result);
        history.Sort((left, right) => left.Ordinal.CompareTo(right.Ordinal));
        if (history.Count > MostRounds)
            history.RemoveRange(0, history.Count - MostRounds);
        _state.State.CurrentOrdinal = Math.Max(_state.State.CurrentOrdinal, result.Ordinal);
        _writer ??= new StateWriter(() => _state.WriteStateAsync(), DeactivateOnIdle);
        await _writer.WriteAsync();
    }

    public async Task<PromptView> GetViewAsync()
    {
        (string run, int prompt) = Identity;
        PromptItem item = (await _contexts.GetAsync(run)).Prompts[prompt];
        return new PromptView
        {
            Prompt = prompt,
            Id = item.Id,
            Text = item.Text,
            Answer = item.Answer,
            Category = item.Category ?? "",
            CurrentOrdinal = _state.State.CurrentOrdinal,
            History = _state.State.History.ToArray(),
        };
    }
}

/// <summary>What a prompt remembers.</summary>
[GenerateSerializer, Alias("etr.prompt-record")]
internal sealed class PromptRecord
{
    [Id(0)] public long CurrentOrdinal { get; set; } = -1;

    [Id(1)] public List<RoundResult> History { get; set; } = [];
}
