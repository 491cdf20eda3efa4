using Etr.Core.Tasks;
using Etr.Grains.Prompts;

namespace Etr.Grains.Runs;

/// <summary>
/// Which place of the schedule a group gets. Without a curriculum it is its ordinal. With one, the next few places are looked at, one
/// is chosen by its prompt's history, and the others wait for the next epoch; the choice is written before the group is opened, so
/// it is made once. The histories are the prompts' own.
/// </summary>
internal sealed partial class RunGrain
{
    private Task _choosing = Task.CompletedTask;

    private async ValueTask<long> PlaceAsync(long ordinal)
    {
        if (Shape.Curriculum == "none")
            return ordinal;

        // One after the other: each takes the places after those that the one before looked at.
        Task<long> chosen = PlaceAfterAsync(_choosing, ordinal);
        _choosing = chosen;
        return await chosen;
    }

    private async Task<long> PlaceAfterAsync(Task before, long ordinal)
    {
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing | ConfigureAwaitOptions.ContinueOnCapturedContext);
        if (Run.Places.TryGetValue(ordinal, out long known))
            return known;
        long place = await ChooseAsync(ordinal);
        (Run.Places[ordinal], Run.Cursor) = (place, Run.Cursor + Shape.CurriculumChoices);
        await _writer.WriteAsync();
        return place;
    }

    private async Task<long> ChooseAsync(long ordinal)
    {
        long[] places = [.. Enumerable.Range(0, Shape.CurriculumChoices).Select(choice => Run.Cursor + choice)];
        PromptStanding[] standings = await Task.WhenAll(places.Select(
            place => GrainFactory.GetGrain<IPromptGrain>(IPromptGrain.KeyOf(Name, Context.Schedule.PromptOf(place))).GetStandingAsync()));
        return places[Curriculum.Choose((ulong)Shape.Seed, ordinal, standings)];
    }
}
