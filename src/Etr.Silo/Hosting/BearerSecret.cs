using System.Security.Cryptography;
using System.Text;

namespace Etr.Silo.Hosting;

/// <summary>A secret that is compared in constant time, whatever its length.</summary>
internal sealed class BearerSecret(string secret)
{
    private const string Scheme = "Bearer ";
    private readonly byte[] _expected = Hash(secret);

    /// <summary>What stands for the secret where it must not stand itself: its hash in hexadecimal.</summary>
    public string Token => Convert.ToHexString(_expected);

    /// <summary>Whether the request brings it as a bearer token.</summary>
    public bool IsIn(HttpRequest request) =>
        request.Headers.Authorization.ToString() is { } header && header.StartsWith(Scheme, StringComparison.Ordinal) && Is(header[Scheme.Length..]);

    /// <summary>Whether a text is it.</summary>
    public bool Is(string? candidate) => candidate is not null && CryptographicOperations.FixedTimeEquals(Hash(candidate), _expected);

    /// <summary>Whether a text is <see cref="Token"/>.</summary>
    public bool IsToken(string? candidate) =>
        candidate is not null && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(candidate), Encoding.UTF8.GetBytes(Token));

    private static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
