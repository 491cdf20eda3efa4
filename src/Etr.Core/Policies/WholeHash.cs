using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Etr.Core.Policies;

/// <summary>
/// The hash of a file that is filled in order, taken from the bytes on their way as far as they come one after the other. What
/// was skipped, and everything after a start over, is read from the file at the end.
/// </summary>
internal sealed class WholeHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _position;

    public void Append(long offset, ReadOnlySpan<byte> bytes)
    {
        if (offset != _position)
            return;
        _hash.AppendData(bytes);
        _position += bytes.Length;
    }

    /// <summary>Forgets what was seen: some of it was wrong.</summary>
    public void Restart()
    {
        _ = _hash.GetHashAndReset();
        _position = 0;
    }

    /// <summary>The hash of the file's first bytes in lower-case hexadecimal.</summary>
    public string Finish(SafeFileHandle file, long bytes, CancellationToken cancellationToken)
    {
        PartHashes.ForEach(file, _position, bytes - _position, _hash.AppendData, cancellationToken);
        return Convert.ToHexStringLower(_hash.GetHashAndReset());
    }

    public void Dispose() => _hash.Dispose();
}
