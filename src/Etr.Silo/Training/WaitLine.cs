using System.Globalization;
using Etr.Grains.Waits;

namespace Etr.Silo.Training;

/// <summary>A wait as people read it.</summary>
internal static class WaitLine
{
    /// <summary>Who waits for what, since when, until when.</summary>
    public static string Of(Wait wait) => string.Create(
        CultureInfo.InvariantCulture, $"waiting: {wait.Who} for {wait.What}, {wait.Seconds:0} s so far, acts in {wait.DeadlineSeconds:0} s");
}
