namespace Etr.Silo.Endpoint;

/// <summary>Which policies can be drawn with.</summary>
internal interface IServedPolicies
{
    /// <summary>The newest version of each run, the one that is served by default first.</summary>
    Task<IReadOnlyList<PolicyName>> ListAsync(CancellationToken cancellationToken);

    /// <summary>The policy a client names.</summary>
    /// <param name="model">
    /// Empty or <c>policy</c> for the newest of the run that is served; a run's name for its newest; <c>run@version</c> or
    /// <c>sha256:…</c> for a certain one.
    /// </param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="ApiException">There is none of that name, or nobody answers.</exception>
    Task<ServedPolicy> FindAsync(string model, CancellationToken cancellationToken);
}
