using System.Net;
using System.Threading.RateLimiting;

namespace Etr.Dashboard.Access;

/// <summary>Counts wrong keys by address, so that keys cannot be guessed: ten a minute, and then none is looked at until the minute is over.</summary>
internal sealed class FailedSignIns : IDisposable
{
    /// <summary>Wrong keys a minute and address.</summary>
    public const int PerMinute = 10;

    private readonly PartitionedRateLimiter<IPAddress> _limiter = PartitionedRateLimiter.Create<IPAddress, IPAddress>(
        address => RateLimitPartition.GetFixedWindowLimiter(address, _ => new FixedWindowRateLimiterOptions { PermitLimit = PerMinute, Window = TimeSpan.FromMinutes(1) }));

    /// <summary>Whether keys from an address are looked at.</summary>
    public bool MayTry(IPAddress? address)
    {
        using RateLimitLease lease = _limiter.AttemptAcquire(Of(address), 0);
        return lease.IsAcquired;
    }

    /// <summary>Counts a wrong key.</summary>
    public void Note(IPAddress? address) => _limiter.AttemptAcquire(Of(address)).Dispose();

    /// <inheritdoc/>
    public void Dispose() => _limiter.Dispose();

    // Of IPv6 a network counts: whoever has one address of it has all.
    private static IPAddress Of(IPAddress? address)
    {
        if (address is null)
            return IPAddress.None;
        if (address.IsIPv4MappedToIPv6)
            return address.MapToIPv4();
        byte[] bytes = address.GetAddressBytes();
        if (bytes.Length == 16)
            bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
