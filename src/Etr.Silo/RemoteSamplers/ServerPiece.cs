using Etr.Core.Rollouts;

namespace Etr.Silo.RemoteSamplers;

/// <summary>What a server has drawn of one choice since its last piece.</summary>
/// <param name="Index">The choice.</param>
/// <param name="Tokens">Its new tokens, without text.</param>
/// <param name="Finish">Why the trace ended; null while it has not.</param>
internal readonly record struct ServerPiece(int Index, IReadOnlyList<SampledToken> Tokens, string? Finish);
