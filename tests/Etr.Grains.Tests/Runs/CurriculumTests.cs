using Etr.Core.Runs;
using Etr.Core.Tasks;
using Etr.Grains.Prompts;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;
using Etr.Grains.Tests.Fakes;

namespace Etr.Grains.Tests.Runs;

public class CurriculumTests
{
    private static RunOptions Shape(int steps) => EtrCluster.Shape(steps, promptsPerStep: 3) with { Curriculum = "history", CurriculumChoices = 4 };

    [Fact]
    public async Task Prompts_that_have_nothing_left_to_teach_are_asked_less_often()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();

        // Even prompts are always wrong; of odd ones every other trace is right.
        cluster.Engine.Draw = request => Traces.DrawAll(request, slot => request.PromptIndex % 2 == 1 && slot % 2 == 1);
        await cluster.Run().StartAsync(cluster.StartOf(Shape(steps: 30)));

        RunStatus status = await cluster.EndedAsync();

        int[] asked = [.. cluster.Engine.Seen.Select(request => (int)request.PromptIndex)];
        Assert.Equal(90, status.Groups.Consumed);
        Assert.True(asked.Count(prompt => prompt % 2 == 1) > 2 * asked.Count(prompt => prompt % 2 == 0), string.Join(' ', asked));
        Assert.Equal(cluster.Engine.Seen.Count, cluster.Engine.Seen.Select(request => (request.PromptIndex, request.Round)).Distinct().Count());
    }

    [Fact]
    public async Task A_choice_outlives_the_grain_that_made_it()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = null;
        await cluster.Run().StartAsync(cluster.StartOf(Shape(steps: 1)));
        var chosen = new List<(uint, uint)>();
        for (int i = 0; i < 3; i++)
        {
            var request = await cluster.Engine.NextAsync(cluster.Deadline);
            chosen.Add((request.PromptIndex, request.Round));
        }

        await EtrCluster.DeactivateAsync(cluster.Run());
        for (long ordinal = 0; ordinal < 3; ordinal++)
            await EtrCluster.DeactivateAsync(cluster.Group(ordinal));
        await EtrCluster.DeactivateAsync(cluster.Grains.GetGrain<ISamplerGrain>("Silo_0/fake"));
        cluster.Engine.Draw = request => Traces.DrawAll(request, _ => true);
        await cluster.Run().WakeAsync();
        await cluster.EndedAsync();

        Assert.Equal(chosen.Order(), cluster.Engine.Seen.Skip(3).Select(request => (request.PromptIndex, request.Round)).Distinct().Order());
    }

    [Fact]
    public async Task A_prompts_standing_is_its_last_rounds()
    {
        await using EtrCluster cluster = await EtrCluster.StartAsync();
        cluster.Engine.Draw = request => Traces.DrawAll(request, slot => slot == 0);
        await cluster.Run().StartAsync(cluster.StartOf(EtrCluster.Shape(steps: 1, groupSize: 4)));
        await cluster.EndedAsync();

        var prompt = cluster.Grains.GetGrain<IPromptGrain>(IPromptGrain.KeyOf("run", new PromptSchedule(5, 12).PromptOf(0)));
        PromptStanding standing = await cluster.UntilAsync(prompt.GetStandingAsync, found => found.Rounds == 1);

        Assert.Equal(0.25, standing.Accuracy);
    }
}
