using Etr.Policy.Models;
using Etr.Policy.Pretraining;
using Etr.Policy.Runtime;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Tests.Pretraining;

public sealed class PretrainerTests : IDisposable
{
    private static readonly PretrainRecipe Short = new() { ShortChainSteps = 30, FullChainSteps = 6, SlipSteps = 4, BatchSize = 8, WarmupSteps = 10, LearningRate = 1e-3 };
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-pretrain-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_seed_makes_the_same_policy_again_and_it_learns()
    {
        PretrainProgress end = Run("a", Short);
        Run("b", Short);
        Run("c", Short with { Seed = 2 });

        Assert.Equal(40, end.Step);
        // On average over the steps the loss is below that of a uniform guess, where it starts.
        Assert.InRange(end.Loss, 0.1, Math.Log(PretrainRecipe.Model.VocabularySize));
        Assert.Equal(Weights("a"), Weights("b"));
        Assert.NotEqual(Weights("a"), Weights("c"));
    }

    [Fact]
    public void A_recipe_of_style_D_makes_a_policy_that_reads_its_two_pieces_more()
    {
        PretrainRecipe recipe = PretrainRecipe.Of("D") with { ShortChainSteps = 2, FullChainSteps = 2, BatchSize = 4 };

        Assert.Equal(4, Run("d", recipe).Step);
        ModelDescription model = ModelFiles.Describe(Path.Combine(_folder, "d"));
        Assert.Equal(PretrainRecipe.Model.VocabularySize + 2, model.Config.VocabularySize);
        Assert.Equal(model.Config.VocabularySize, TokenizerFile.Read(Path.Combine(_folder, "d", ModelFiles.Tokenizer)).VocabularySize);
    }

    [Fact]
    public void Each_set_of_styles_has_its_recipe()
    {
        Assert.Equal(PretrainRecipe.Repair, PretrainRecipe.Of("D"));
        Assert.Equal(new PretrainRecipe(), PretrainRecipe.Of("ABC"));
        Assert.Equal(new PretrainRecipe { Styles = "BD" }, PretrainRecipe.Of("DB"));
        Assert.Throws<ArgumentException>(() => PretrainRecipe.Of("E"));
        // Wrong lines are the style's errors: a slip of the answer would add errors that no re-check can repair.
        Assert.Equal(0, PretrainRecipe.Repair.SlipSteps);
    }

    [Fact]
    public void A_cancelled_run_writes_nothing()
    {
        Assert.Throws<OperationCanceledException>(() =>
            new Pretrainer(Short, TimeProvider.System).Run(Path.Combine(_folder, "none"), cancellationToken: new CancellationToken(true)));

        Assert.False(Directory.Exists(Path.Combine(_folder, "none")));
    }

    [Fact]
    public void The_rate_warms_up_falls_along_a_cosine_and_has_a_small_one_for_the_slip_steps()
    {
        var recipe = new PretrainRecipe { ShortChainSteps = 500, FullChainSteps = 600, SlipSteps = 100, WarmupSteps = 100, LearningRate = 1, FinalRate = 0.01, SlipRate = 0.1 };

        Assert.Equal(0.01, recipe.RateAt(0), 1e-12);
        Assert.Equal(1, recipe.RateAt(99), 1e-12);
        Assert.Equal(0.505, recipe.RateAt(600), 1e-12);
        Assert.Equal(0.1, recipe.RateAt(1100), 1e-12);
        Assert.True(recipe.RateAt(1199) < 0.011);
        Assert.Equal((0.4, 0), recipe.ChainsAt(499));
        Assert.Equal((1, 0), recipe.ChainsAt(500));
        Assert.Equal((1, 0.12), recipe.ChainsAt(1100));
    }

    private PretrainProgress Run(string name, PretrainRecipe recipe)
    {
        TorchRuntime.Start(threads: 1);
        return new Pretrainer(recipe, TimeProvider.System).Run(Path.Combine(_folder, name));
    }

    private byte[] Weights(string name)
    {
        ModelDescription model = ModelFiles.Describe(Path.Combine(_folder, name));
        return File.ReadAllBytes(model.File);
    }
}
