namespace Etr.Core.Extensions;

/// <summary>
/// Calls an object of the user's own, one call at a time, each on a background thread of its own and with a deadline. A call
/// that exceeds it is abandoned with its thread and its object, which a fresh one replaces; after too many the object is
/// not called any more.
/// </summary>
/// <remarks>
/// A thread cannot be ended from outside, so what hangs keeps its thread: hence the bound. A thread a call costs about 0.1 ms,
/// leaves nothing to keep alive or to dispose of, and never takes one of the thread pool's.
/// </remarks>
/// <typeparam name="T">The object's interface.</typeparam>
/// <param name="name">What to call it in messages.</param>
/// <param name="create">Makes an object; called under the same deadline.</param>
/// <param name="options">Deadline and bound.</param>
/// <param name="time">The clock of the deadline.</param>
internal sealed class ExtensionCalls<T>(string name, Func<T> create, ExtensionOptions options, TimeProvider time)
    where T : class
{
    private const int MostWordCharacters = 500;

    private readonly Lock _lock = new();
    private Task _last = Task.CompletedTask;
    private T? _instance;
    private int _abandoned;

    /// <summary>Why it is not called any more; null while it is.</summary>
    public string? SwitchedOff { get; private set; }

    /// <summary>Calls the object.</summary>
    /// <typeparam name="TResult">What it answers.</typeparam>
    /// <param name="call">The call, made on another thread.</param>
    /// <returns>Its answer.</returns>
    /// <exception cref="ExtensionException">It threw, took too long, or is switched off; the message says which.</exception>
    public async Task<TResult> CallAsync<TResult>(Func<T, TResult> call)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (_lock)
            (before, _last) = (_last, done.Task);

        // Whoever has the turn is done by the deadline, so everyone's turn comes.
        await before.ConfigureAwait(false);
        try
        {
            if (SwitchedOff is { } reason)
                throw new ExtensionException(reason);
            (T made, TResult result) = await OnOwnThread(_instance, call).WaitAsync(options.Deadline, time).ConfigureAwait(false);
            _instance = made;
            return result;
        }
        catch (TimeoutException)
        {
            throw new ExtensionException(Abandon());
        }
        finally
        {
            done.SetResult();
        }
    }

    private string Abandon()
    {
        // The old object may still be at work in the abandoned thread.
        _instance = null;
        string late = FormattableString.Invariant($"{name} did not answer within {options.Deadline.TotalSeconds:0.###} s");
        if (++_abandoned > options.MostAbandoned)
            SwitchedOff = $"{name} is switched off: {_abandoned} of its calls did not answer within {FormattableString.Invariant($"{options.Deadline.TotalSeconds:0.###}")} s, and each keeps a thread";
        return SwitchedOff ?? late;
    }

    private Task<(T, TResult)> OnOwnThread<TResult>(T? instance, Func<T, TResult> call)
    {
        var answer = new TaskCompletionSource<(T, TResult)>(TaskCreationOptions.RunContinuationsAsynchronously);
        var thread = new Thread(() =>
        {
            try
            {
                T made = instance ?? create();
                answer.TrySetResult((made, call(made)));
            }
            catch (Exception exception)
            {
                answer.TrySetException(new ExtensionException($"{name} failed: {Words(exception)}"));
            }
        })
        {
            IsBackground = true,
            Name = $"extension {name}",
        };
        thread.Start();
        return answer.Task;
    }

    // The user's own exception does not leave its thread: reading its message may run the user's code.
    private static string Words(Exception exception)
    {
        Exception cause = exception is System.Reflection.TargetInvocationException { InnerException: { } inner } ? inner : exception;
        string words;
        try
        {
            words = $"{cause.GetType().Name}: {cause.Message}";
        }
        catch (Exception)
        {
            // Thrown out of here it would end the process.
            words = $"{cause.GetType().Name}, whose message cannot be read";
        }

        return words.Length <= MostWordCharacters ? words : words[..MostWordCharacters];
    }
}
