namespace Etr.Core.Rollouts;

/// <summary>How a rollout engine stands with its device's memory.</summary>
/// <param name="Halvings">How often memory ran out, so that the engine halved what it holds at once and went on.</param>
/// <param name="Slots">Slots it decodes at once now.</param>
/// <param name="CacheTokens">Tokens whose keys and values it holds at once now; 0 for no bound.</param>
/// <param name="GaveWay">How often a slot waited with what it had drawn, so that others could go on within the bound.</param>
public readonly record struct EngineMemory(int Halvings, int Slots, long CacheTokens, long GaveWay = 0);
