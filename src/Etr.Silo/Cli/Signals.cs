using System.Runtime.InteropServices;

namespace Etr.Silo.Cli;

/// <summary>Ctrl-C and SIGTERM: the first asks the command to end in good order, the second ends the process.</summary>
internal sealed class Signals : IDisposable
{
    private readonly CancellationTokenSource _interrupt = new();
    private readonly PosixSignalRegistration[] _registrations;

    /// <summary>Begins to listen.</summary>
    public Signals() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, On),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, On),
    ];

    /// <summary>Cancelled by the first signal.</summary>
    public CancellationToken Interrupt => _interrupt.Token;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (PosixSignalRegistration registration in _registrations)
            registration.Dispose();
        _interrupt.Dispose();
    }

    private void On(PosixSignalContext context)
    {
        if (_interrupt.IsCancellationRequested)
            return;
        context.Cancel = true;
        _interrupt.Cancel();
    }
}
