using System.Diagnostics;
using System.Globalization;
using Etr.Core.Grading;

namespace Etr.Benchmarks.Grading;

/// <summary>
/// <c>grader</c>: comparisons a second on one core over answers of many kinds, extraction counted, and the longest that one takes over
/// responses made to take long: of each the least of five, since everything else that runs on the machine only adds.
/// </summary>
internal static class GraderBenchmark
{
    private const int Pairs = 20_000;
    private const int Rounds = 9;

    public static int Run(string[] args)
    {
        IReadOnlyList<(string Response, string Gold, bool Equal)> pairs = AnswerPairs.Make(Pairs, 1);
        int wrong = Grade(pairs);
        if (args is ["profile", var seconds])
        {
            var watch = Stopwatch.StartNew();
            while (watch.Elapsed.TotalSeconds < double.Parse(seconds, CultureInfo.InvariantCulture))
                Grade(pairs);
        }

        double[] rates = [.. Enumerable.Range(0, Rounds).Select(_ =>
        {
            long start = Stopwatch.GetTimestamp();
            Grade(pairs);
            return Pairs / Stopwatch.GetElapsedTime(start).TotalSeconds;
        }).Order()];
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Pairs} pairs, {wrong} of them judged otherwise than they were made; comparisons a second, one thread: median {rates[Rounds / 2]:0}, least {rates[0]:0}, most {rates[^1]:0}"));

        var hostile = HostileAnswers.All().Select(input => (input.Name, Milliseconds: Enumerable.Range(0, 6).Skip(1).Min(_ => Time(input.Response, input.Gold)))).OrderByDescending(found => found.Milliseconds).ToList();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{hostile.Count} hostile inputs; longest:"));
        foreach ((string name, double milliseconds) in hostile.Take(args is ["all"] ? hostile.Count : 8))
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {milliseconds,8:0.00} ms  {name}"));
        return 0;
    }

    private static double Time(string response, string gold)
    {
        long start = Stopwatch.GetTimestamp();
        _ = AnswerGraders.Equivalence.Grade(response, gold);
        return Stopwatch.GetElapsedTime(start).TotalMilliseconds;
    }

    private static int Grade(IReadOnlyList<(string Response, string Gold, bool Equal)> pairs)
    {
        int wrong = 0;
        foreach ((string response, string gold, bool equal) in pairs)
            wrong += AnswerGraders.Equivalence.Grade(response, gold).Correct == equal ? 0 : 1;
        return wrong;
    }
}
