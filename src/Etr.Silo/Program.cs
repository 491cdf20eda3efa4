using Etr.Silo.Cli;

using var signals = new Signals();
var terminal = new Terminal(Console.Out, Console.Error, !Console.IsOutputRedirected);
return await new EtrCommandLine(terminal, Environment.GetEnvironmentVariables()).RunAsync(args, signals.Interrupt);
