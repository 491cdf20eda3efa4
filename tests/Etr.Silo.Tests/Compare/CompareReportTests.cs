using Etr.Core.Statistics;
using Etr.Silo.Compare;

namespace Etr.Silo.Tests.Compare;

/// <summary>Tables and sentences against numbers worked by hand: t at two degrees of freedom is 4.3027, at one 12.7062.</summary>
public sealed class CompareReportTests
{
    private static readonly CompareResults Results = new()
    {
        Runs =
        [
            MadeUp.Run("short", 1, .90, 40, aes: 1.2),
            MadeUp.Run("short", 2, .92, 44, aes: 1.3),
            MadeUp.Run("short", 3, .94, 42, aes: 1.4),
            MadeUp.Run("outcome", 1, .85, 95, aes: .3),
            MadeUp.Run("outcome", 2, .87, 99, aes: .4),
            MadeUp.Run("outcome", 3, .89, 103, aes: .5),
            MadeUp.Run("long", 1, .70, 180, aes: -1.4),
            MadeUp.Run("long", 2, .70, 182, aes: -1.4),
            MadeUp.Run("once", 2, .80, 50, aes: .5),
        ],
    };

    private static readonly IReadOnlyList<ArmFigures> Arms = ArmFigures.Of(Results.Runs);

    [Fact]
    public void A_row_has_means_and_intervals_over_seeds()
    {
        string row = Row("| `short` (group) |");

        // Accuracies .90, .92, .94: deviation .02, 4.3027 · .02/√3 = .0497. Lengths 40, 44, 42: deviation 2, 4.968.
        Assert.StartsWith("| `short` (group) | 3 | 0.920 ± 0.050 | 42.0 ± 5.0 | -58.0 ± 5.0 % | 1.30 ± 0.25 | 2.10 ± 0.25 | 4.2 ± 0.5 | 10.0 | -0.50 |", row, StringComparison.Ordinal);
    }

    [Fact]
    public void A_single_seed_has_no_interval() =>
        Assert.StartsWith("| `once` (group) | 1 | 0.800 | 50.0 | -50.0 % | 0.50 |", Row("| `once` (group) |"), StringComparison.Ordinal);

    [Fact]
    public void The_start_counts_each_seed_once() =>
        Assert.StartsWith("| (the start) | 3 | 0.800 | 100.0 |", Row("| (the start) |"), StringComparison.Ordinal);

    [Fact]
    public void Categories_stand_before_and_after() =>
        Assert.StartsWith("| `once` | A | 0.800 → 0.800 | 50.0 → 25.0 |", Row("| `once` | A |"), StringComparison.Ordinal);

    [Fact]
    public void Exploration_stands_before_and_after() =>
        Assert.Equal("| `once` | 5.00 → 2.50 | 10.0 → 5.0 | 10.0 → 10.0 | – → – |", Row("| `once` | 5"));

    [Fact]
    public void A_sentence_says_what_lies_beyond_doubt()
    {
        // Against outcome: 40 − 95, 44 − 99, 42 − 103 = −55, −55, −61; deviation 3.464, 4.3027 · 3.464/√3 = 8.605.
        Assert.Equal(
            "`short` shortens: 100.0 → 42.0 tokens (-58.0 ± 5.0); accuracy up (+12.0 ± 5.0 points); AES 1.30 ± 0.25. " +
            "Against `outcome` at the 3 seeds of both: shorter by 57.0 ± 8.6 tokens; accuracy up (+5.0 points).",
            Sentence("short"));
    }

    [Fact]
    public void An_interval_that_holds_zero_is_no_effect()
    {
        // 95, 99, 103 against 100: −5, −1, 3; deviation 4, 4.3027 · 4/√3 = 9.937.
        Assert.StartsWith("`outcome` has no effect on length: 100.0 → 99.0 tokens (-1.0 ± 9.9); accuracy up", Sentence("outcome"), StringComparison.Ordinal);
    }

    [Fact]
    public void An_arm_that_lengthens_is_paired_with_the_seeds_it_shares()
    {
        // 80 and 82 longer than the start: 81 ± 12.7062 · 1.4142/√2. Against outcome 85 and 83, of two seeds.
        Assert.Equal(
            "`long` lengthens: 100.0 → 181.0 tokens (+81.0 ± 12.7); accuracy down (-10.0 points); AES -1.40. " +
            "Against `outcome` at the 2 seeds of both: longer by 84.0 ± 12.7 tokens; accuracy down (-16.0 ± 12.7 points).",
            Sentence("long"));
    }

    [Fact]
    public void One_seed_gets_no_verdict() => Assert.Equal(
        "`once` has one seed, so there is no interval and no verdict: 100.0 → 50.0 tokens (-50.0); accuracy 0.0 points; AES 0.50. " +
        "Against `outcome` at the one seed of both: -49.0 tokens; accuracy -7.0 points.",
        Sentence("once"));

    [Fact]
    public void A_run_that_was_not_evaluated_is_said_to_be()
    {
        CompareRun bare = MadeUp.Run("bare", 1, 1, 1) with { Before = null, After = null };

        Assert.Equal("`bare`: not evaluated.", CompareSentence.Of(Assert.Single(ArmFigures.Of([bare])), []));
        Assert.Contains("| `bare` (group) | 1 | – | – | – % |", CompareReport.Of(new CompareResults { Runs = [bare] }, []), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_ended_early_keeps_its_last_value()
    {
        ArmFigures arm = Assert.Single(ArmFigures.Of([MadeUp.Run("a", 1, 1, 1, curve: [10, 20, 30]), MadeUp.Run("a", 2, 1, 1, curve: [30])]));

        IReadOnlyList<(int Step, ConfidenceInterval Value)> curve = arm.Curve(point => point.Length);

        Assert.Equal([20, 25, 30], curve.Select(point => point.Value.Mean));
        Assert.All(curve, point => Assert.Equal(2, point.Value.Count));
    }

    [Fact]
    public void A_window_is_the_mean_of_the_steps_up_to_each()
    {
        ArmFigures arm = Assert.Single(ArmFigures.Of([MadeUp.Run("a", 1, 1, 1, curve: [10, 20, 60])]));

        Assert.Equal([10, 15, 40], arm.Curve(point => point.Length, window: 2).Select(point => point.Value.Mean));
    }

    private static string Row(string start) => Assert.Single(CompareReport.Of(Results, []).Split('\n'), line => line.StartsWith(start, StringComparison.Ordinal));

    private static string Sentence(string arm) => CompareSentence.Of(Arms.Single(other => other.Name == arm), Arms);
}
