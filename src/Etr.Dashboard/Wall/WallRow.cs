namespace Etr.Dashboard.Wall;

/// <summary>A cell of the wall in words, for its table.</summary>
/// <param name="Prompt">The prompt's index.</param>
/// <param name="Category">Its category; empty where unknown.</param>
/// <param name="Direction">Which way the followed trace's entropy goes, in words.</param>
/// <param name="Fall">How far it has fallen (nats).</param>
/// <param name="Steps">Reasoning steps of the followed trace.</param>
/// <param name="LastEntropy">Entropy (nats) of its newest step; NaN before the first.</param>
/// <param name="Trend">Its trend R (nats).</param>
/// <param name="Length">Mean tokens a trace; 0 before the first has ended.</param>
/// <param name="Accuracy">Share of right traces of the last sealed group; NaN before the first.</param>
/// <param name="PolicyVersion">Policy version.</param>
/// <param name="Live">Whether it is being drawn.</param>
/// <param name="Pinned">Whether it is pinned.</param>
public sealed record WallRow(
    int Prompt,
    string Category,
    string Direction,
    double Fall,
    int Steps,
    double LastEntropy,
    double Trend,
    double Length,
    double Accuracy,
    long PolicyVersion,
    bool Live,
    bool Pinned)
{
    internal static WallRow Of(WallCell cell, bool pinned) => new(
        cell.Prompt,
        cell.Category ?? "",
        cell.Direction.Word(),
        cell.Fall,
        cell.StepCount,
        cell.Steps.Length > 0 ? cell.Steps[^1] : double.NaN,
        cell.Trend,
        cell.Length,
        cell.Accuracy,
        cell.PolicyVersion,
        cell.Live,
        pinned);
}
