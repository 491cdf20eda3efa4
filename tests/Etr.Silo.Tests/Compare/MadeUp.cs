using Etr.Silo.Compare;

namespace Etr.Silo.Tests.Compare;

/// <summary>Runs made up for tests.</summary>
internal static class MadeUp
{
    public static CompareRun Run(string arm, int seed, double accuracy, double length, double beforeAccuracy = .8, double beforeLength = 100, double? aes = null, params double[] curve) => new()
    {
        Arm = arm,
        Seed = seed,
        Settings = new Dictionary<string, string> { ["Etr:Reward:Shaper"] = arm },
        Shaper = arm,
        Estimator = "group",
        Steps = curve.Length,
        Seconds = 60 * seed,
        Before = Held(beforeAccuracy, beforeLength),
        After = Held(accuracy, length),
        Aes = aes,
        Curve = [.. curve.Select((value, i) => new CurvePoint(i + 1, value / 1000, value, 4, -.1, null, .2, .1, 1))],
    };

    private static HeldOut Held(double accuracy, double length) => new()
    {
        Accuracy = accuracy,
        Length = length,
        Steps = length / 10,
        Reflections = length / 20,
        TrendLengthCorrelation = -.5,
        H1 = .3,
        ByCategory = new Dictionary<string, HeldOutFigures>
        {
            ["A"] = new() { Accuracy = accuracy, Length = length / 2, Steps = 4, Reflections = 1 },
        },
    };
}
