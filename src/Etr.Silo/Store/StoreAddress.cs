namespace Etr.Silo.Store;

/// <summary>Where the cluster's store is and what it asks for.</summary>
/// <param name="Endpoint"><c>host:port</c>.</param>
/// <param name="Secret">Its password; empty where it has none.</param>
/// <param name="Tls">Whether it is spoken to by TLS.</param>
internal sealed record StoreAddress(string Endpoint, string Secret = "", bool Tls = false)
{
    /// <summary>As text for people: never the secret.</summary>
    public override string ToString() => Endpoint;
}
