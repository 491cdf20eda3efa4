using Spectre.Console;

namespace Etr.Silo.Cli;

/// <summary>Where a command talks to a person: tables and live progress on a terminal, plain lines elsewhere.</summary>
internal sealed class Terminal
{
    /// <summary>Makes one.</summary>
    /// <param name="output">Results and progress.</param>
    /// <param name="error">What went wrong, warnings.</param>
    /// <param name="interactive">Whether a person watches <paramref name="output"/> as it is written.</param>
    public Terminal(TextWriter output, TextWriter error, bool interactive)
    {
        Output = output;
        Error = error;
        Interactive = interactive;
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = interactive ? AnsiSupport.Detect : AnsiSupport.No,
            Interactive = interactive ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        if (!interactive)
            Console.Profile.Width = PlainWidth;
    }

    private const int PlainWidth = 160;

    /// <summary>Plain lines.</summary>
    public TextWriter Output { get; }

    /// <summary>What went wrong, warnings.</summary>
    public TextWriter Error { get; }

    /// <summary>Whether a person watches.</summary>
    public bool Interactive { get; }

    /// <summary>Tables and live displays.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>Writes one line as it is.</summary>
    public void Line(string text = "")
    {
        Output.WriteLine(text);
        Output.Flush();
    }

    /// <summary>Warns in one line.</summary>
    public void Warn(string text) => Error.WriteLine($"warning: {text}");

    /// <summary>Says in one line what went wrong.</summary>
    public void Fail(string text) => Error.WriteLine($"etr: {text}");
}
