using Etr.Core.Rewards;

namespace Etr.Core.Probing;

/// <summary>A group of the untrained policy, graded.</summary>
/// <param name="Identity">Which group it is.</param>
/// <param name="Traces">Its traces, by slot, at least one.</param>
public sealed record ProbedGroup(GroupIdentity Identity, IReadOnlyList<GradedTrace> Traces);
