using System.Security.Cryptography;
using System.Text;

namespace Etr.Dashboard.Access;

/// <summary>Tells by a key what its holder may. Takes as long for a wrong key as for a right one.</summary>
internal sealed class AccessKeys(AccessOptions options)
{
    private readonly byte[]? _operator = HashOf(options.OperatorKey);
    private readonly byte[]? _viewer = HashOf(options.ViewerKey);

    /// <summary>The role of a key's holder; null where nobody has that key.</summary>
    public string? RoleOf(string key)
    {
        byte[] found = SHA256.HashData(Encoding.UTF8.GetBytes(key));
        bool acts = _operator is not null & CryptographicOperations.FixedTimeEquals(found, _operator ?? found);
        bool looks = _viewer is not null & CryptographicOperations.FixedTimeEquals(found, _viewer ?? found);
        return acts ? AccessRoles.Operator : looks ? AccessRoles.Viewer : null;
    }

    private static byte[]? HashOf(string key) => key.Length == 0 ? null : SHA256.HashData(Encoding.UTF8.GetBytes(key));
}
