using System.Runtime.InteropServices;

namespace Etr.Silo.Cli;

/// <summary>
/// Ctrl-C and SIGTERM: the first asks the command to end in good order, the second ends the process. Signals within two seconds of
/// the first are taken for the same wish: a terminal's Ctrl-C reaches every process of a job, and the one that started the others
/// then asks them too.
/// </summary>
internal sealed class Signals : IDisposable
{
    private static readonly TimeSpan OneWish = TimeSpan.FromSeconds(2);
    private readonly TimeProvider _time = TimeProvider.System;
    private readonly Lock _lock = new();
    private long _asked;
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
        lock (_lock)
        {
            if (_interrupt.IsCancellationRequested)
            {
                context.Cancel = _time.GetElapsedTime(_asked) < OneWish;
                return;
            }

            _asked = _time.GetTimestamp();
        }

        context.Cancel = true;
        _interrupt.Cancel();
    }
}
