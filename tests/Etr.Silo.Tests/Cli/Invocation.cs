using System.Collections;
using Etr.Silo.Cli;

namespace Etr.Silo.Tests.Cli;

/// <summary>One call of the program inside this process.</summary>
internal sealed record Invocation(int Code, string Output, string Error)
{
    public string LastLine => Output.TrimEnd().Split('\n')[^1];

    public static async Task<Invocation> RunAsync(params string[] arguments) => await RunAsync(new Hashtable(), arguments);

    public static async Task<Invocation> RunAsync(IDictionary environment, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var program = new EtrCommandLine(new Terminal(output, error, interactive: false), environment);
        int code = await program.RunAsync(arguments, TestContext.Current.CancellationToken);
        return new Invocation(code, output.ToString(), error.ToString());
    }
}
