using Etr.Silo.Cli;
using Etr.Silo.Tests.Cli;

namespace Etr.Silo.Tests.Compare;

public sealed class CompareCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-compare-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_dry_run_prints_arms_settings_and_time_and_makes_nothing()
    {
        Invocation call = await Invocation.RunAsync("compare", "--shapers", "guarded,alpha-0.5", "--seeds", "2", "--dry-run", "--out", Path.Combine(_folder, "none"), "--set", "Etr:Run:Steps=7");

        Assert.Equal(ExitCodes.Done, call.Code);
        Assert.Contains("Etr:Reward:Alpha=0.5", call.Output, StringComparison.Ordinal);
        Assert.Contains("2 arms x 2 seeds = 4, 0 there already", call.Output, StringComparison.Ordinal);
        Assert.Contains("equal steps 7 at most", call.Output, StringComparison.Ordinal);
        Assert.Contains("time       about ", call.Output, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "none")));
    }

    [Fact]
    public async Task Equal_wall_clock_lifts_the_limit_of_steps()
    {
        Invocation call = await Invocation.RunAsync("compare", "--shapers", "guarded", "--minutes", "2", "--dry-run", "--out", _folder);

        Assert.Contains("Etr:Run:Steps=1000000", call.Output, StringComparison.Ordinal);
        Assert.Contains("equal time 2 minutes", call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Threads_that_were_named_bound_how_many_run_at_once()
    {
        Invocation call = await Invocation.RunAsync("compare", "--shapers", "guarded", "--dry-run", "--out", _folder, "--set", $"Etr:Policy:Threads={Environment.ProcessorCount}");

        Assert.Contains($"1 at a time with {Environment.ProcessorCount} thread", call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_that_an_arm_cannot_have_are_refused_with_its_name()
    {
        Invocation call = await Invocation.RunAsync("compare", "--shapers", "guarded", "--arm", "mine:Etr:Reward:Beta=-1;Etr:Nothing=2", "--out", _folder);

        Assert.Equal(ExitCodes.BadUsage, call.Code);
        Assert.Contains("arm mine: Etr:Reward:Beta", call.Error, StringComparison.Ordinal);
        Assert.Contains("arm mine: Etr:Nothing", call.Error, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public async Task Where_every_run_lives_is_not_for_a_person_to_say() => Assert.Contains(
        "ignored: Etr:Data",
        (await Invocation.RunAsync("compare", "--shapers", "guarded", "--dry-run", "--out", _folder, "--set", $"Etr:Data={_folder}")).Error,
        StringComparison.Ordinal);

    [Theory]
    [InlineData("--table-only")]
    [InlineData("--plots-only")]
    public async Task Outputs_of_nothing_are_refused(string option)
    {
        Invocation call = await Invocation.RunAsync("compare", option, "--out", _folder);

        Assert.Equal(ExitCodes.BadUsage, call.Code);
        Assert.Contains("no finished run", call.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--minutes", "0")]
    [InlineData("--jobs", "0")]
    public async Task Numbers_out_of_range_are_refused(string option, string value) =>
        Assert.Equal(ExitCodes.BadUsage, (await Invocation.RunAsync("compare", "--out", _folder, option, value)).Code);
}
