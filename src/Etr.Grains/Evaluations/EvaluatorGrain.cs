using Etr.Grains.Logging;
using Etr.Grains.Placement;
using Etr.Grains.Runs;
using Etr.Grains.Silos;
using Etr.Grains.State;
using Etr.Grains.Waits;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Etr.Grains.Evaluations;

/// <inheritdoc cref="IEvaluatorGrain"/>
[RolePlacement(SiloRoles.Sampler)]
internal sealed partial class EvaluatorGrain : Grain, IEvaluatorGrain, IDisposable
{
    private const int MostFailures = 3;

    private readonly IPolicyEvaluator _evaluator;
    private readonly EtrGrainOptions _options;
    private readonly ILogger _logger;
    private readonly Pump _pump;
    private readonly WaitNote _wait;
    private readonly CancellationTokenSource _stop = new();
    private (int Step, string Sha256) _due;
    private int _failures;

    public EvaluatorGrain(IPolicyEvaluator evaluator, IOptions<EtrGrainOptions> options, TimeProvider time, ILogger<EvaluatorGrain> logger)
    {
        (_evaluator, _options, _logger) = (evaluator, options.Value, logger.InRun(Name));
        _pump = new Pump(this, EvaluateAsync, _options, _logger);
        _wait = new WaitNote("evaluator", time);
    }

    private string Name => this.GetPrimaryKeyString();

    public override async Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        _pump.Stop();
        await _stop.CancelAsync();
    }

    public void Dispose() => _stop.Dispose();

    public Task<Wait?> TouchAsync(int version, string sha256)
    {
        if (_due.Step != version)
            (_due, _failures) = ((version, sha256), 0);
        _pump.Wake();
        return Task.FromResult(_wait.Current);
    }

    private async Task EvaluateAsync()
    {
        (int step, string sha256) = _due;
        if (step == 0)
            return;
        _wait.Set($"the policy of step {step} to be evaluated", _options.Training);
        var run = GrainFactory.GetGrain<IRunGrain>(Name);
        RunStart start = await run.GetStartAsync() ?? throw new InvalidOperationException($"There is no run '{Name}'.");
        RunEvaluation found;
        try
        {
            found = await _evaluator.EvaluateAsync(start, step, sha256, _stop.Token);
        }
        catch (Exception exception) when (!_stop.IsCancellationRequested && ++_failures >= MostFailures)
        {
            // The run goes on without it, and says why.
            LogFailed(Name, step, exception);
            found = Failed(step, sha256, exception.Message);
        }

        await run.EvaluatedAsync(found);
        _wait.Clear();
        if (_due.Step == step)
            _due = default;
    }

    private static RunEvaluation Failed(int step, string sha256, string reason) => new()
    {
        Step = step,
        Accuracy = double.NaN,
        AccuracyLow = double.NaN,
        AccuracyHigh = double.NaN,
        Length = double.NaN,
        TrendLengthCorrelation = double.NaN,
        PolicySha256 = sha256,
        Failure = reason,
    };

    [LoggerMessage(EventId = 1401, Level = LogLevel.Warning, Message = "Run {Run}: the policy of step {Step} could not be evaluated.")]
    private partial void LogFailed(string run, int step, Exception exception);
}
