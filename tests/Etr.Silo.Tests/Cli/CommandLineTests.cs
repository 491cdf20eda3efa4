using Etr.Silo.Cli;

namespace Etr.Silo.Tests.Cli;

public sealed class CommandLineTests
{
    [Fact]
    public async Task An_unknown_verb_is_bad_usage_and_points_to_the_help()
    {
        Invocation call = await Invocation.RunAsync("trian");

        Assert.Equal(ExitCodes.BadUsage, call.Code);
        Assert.Contains("trian", call.Error, StringComparison.Ordinal);
        Assert.Contains("--help", call.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_verb_is_bad_usage() => Assert.Equal(ExitCodes.BadUsage, (await Invocation.RunAsync()).Code);

    [Theory]
    [InlineData("train")]
    [InlineData("pretrain")]
    [InlineData("eval")]
    [InlineData("audit")]
    [InlineData("doctor")]
    [InlineData("conformance")]
    [InlineData("compare")]
    public async Task Help_of_a_verb_ends_in_examples_of_it(string verb)
    {
        Invocation call = await Invocation.RunAsync(verb, "--help");

        Assert.Equal(ExitCodes.Done, call.Code);
        Assert.Contains($"  etr {verb}", call.Output[call.Output.IndexOf("Examples:", StringComparison.Ordinal)..], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_value_out_of_range_names_the_range()
    {
        Invocation call = await Invocation.RunAsync("pretrain", "--out", "nowhere", "--scale", "11");

        Assert.Equal(ExitCodes.BadUsage, call.Code);
        Assert.Contains("expected 1E-06 to 10", call.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ABE")]
    [InlineData("d")]
    [InlineData("D\n")]
    [InlineData("")]
    public async Task Styles_that_are_none_are_bad_usage(string styles)
    {
        Invocation call = await Invocation.RunAsync("pretrain", "--out", "nowhere", "--styles", styles);

        Assert.Equal(ExitCodes.BadUsage, call.Code);
        Assert.Contains("expected letters of ABCD", call.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists("nowhere"));
    }
}
