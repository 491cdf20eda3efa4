using System.CommandLine;
using Etr.Grains.Silos;
using Etr.Silo.Hosting;

namespace Etr.Silo.Cli;

/// <summary><c>etr drain SILO</c>: asks a silo to hand back what it does and leave.</summary>
internal sealed class DrainCommand : IEtrCommand
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly SettingsOptions _settings = new();
    private readonly JoinOption _cluster = new();
    private readonly Argument<string> _silo = new("SILO") { Description = "The silo's name, as its READY line and 'etr run status' give it." };

    /// <inheritdoc/>
    public IReadOnlyList<string> Examples => ["etr drain gpu-box-21733 --join 10.0.0.1:21207"];

    /// <inheritdoc/>
    public Command Create(CommandContext context)
    {
        var command = new Command("drain", "Ask a silo to finish or hand back what it draws, and to leave: its process ends within 20 s or so.") { _silo };
        _cluster.AddTo(command);
        _settings.AddTo(command);
        command.SetAction(async (parsed, interrupt) =>
        {
            string name = parsed.GetRequiredValue(_silo);
            await using ClusterDoor door = await ClusterDoor.OpenAsync(_settings.Read(parsed, context.Environment, _cluster.Flags(parsed)).Host, interrupt);
            IReadOnlyList<SiloStatusLine> silos = await ClusterDoor.AskAsync(() => door.Grains.GetGrain<IClusterGrain>(0).GetSilosAsync(), interrupt);
            if (silos.All(silo => silo.Name != name))
                throw new CommandFailure($"the cluster has no silo '{name}': there are {string.Join(", ", silos.Select(silo => silo.Name))}");
            await door.Grains.GetGrain<ISiloGrain>(ISiloGrain.KeyOf(name)).DrainAsync("'etr drain' asked for it").WaitAsync(Patience, interrupt);
            context.Terminal.Line($"{name} drains and leaves");
            return ExitCodes.Done;
        });
        return command;
    }
}
