using System.CommandLine;
using Etr.Silo.Doctor;

namespace Etr.Silo.Cli;

/// <summary><c>etr doctor</c>: will the main job run on this machine, and if not, what is missing?</summary>
internal sealed class DoctorCommand : IEtrCommand
{
    private readonly SettingsOptions _settings = new();

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples =>
    [
        "etr doctor",
        "etr doctor --set Etr:Policy:Device=cuda:0 --set Etr:Data=/var/lib/etr",
    ];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("doctor", "Look at what the main job needs: runtime, libtorch, device, model, ports, disk, store; exit code 1 where something is missing.");
        _settings.AddTo(command);
        command.SetAction(async (parsed, _) =>
        {
            int ill = 0;
            await foreach (Finding finding in new Checkup(_settings.Read(parsed, context.Environment, [])).RunAsync())
            {
                context.Terminal.Line($"{(finding.Well ? "ok  " : "FAIL")}  {finding.Name,-10} {finding.Detail}");
                ill += finding.Well ? 0 : 1;
            }

            return ill == 0 ? ExitCodes.Done : ExitCodes.Failed;
        });
        return command;
    }
}
