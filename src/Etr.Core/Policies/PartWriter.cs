using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Etr.Core.Policies;

/// <summary>
/// Takes the bytes of adjacent parts as they come: each goes to its place in the file at once, so that an interruption loses
/// none, and into the hash of its part and of the file. Bytes are taken only as far as they were asked for.
/// </summary>
internal sealed class PartWriter : Stream
{
    private readonly SafeFileHandle _file;
    private readonly IReadOnlyList<ManifestPart> _parts;
    private readonly WholeHash _whole;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly List<(ManifestPart Part, string Found)> _wrong = [];
    private long _offset;
    private long _allowed;
    private int _index;

    /// <param name="file">The file, of its full length.</param>
    /// <param name="parts">At least one part; each begins where the one before it ends.</param>
    /// <param name="whole">The file's hash.</param>
    public PartWriter(SafeFileHandle file, IReadOnlyList<ManifestPart> parts, WholeHash whole)
    {
        (_file, _parts, _whole) = (file, parts, whole);
        _offset = parts[0].Offset;
    }

    /// <summary>Parts that came complete and wrong, with the hash they had.</summary>
    public IReadOnlyList<(ManifestPart Part, string Found)> Wrong => _wrong;

    /// <summary>Where the next byte goes.</summary>
    public long Offset => _offset;

    /// <summary>Where the last part ends.</summary>
    public long End => _parts[^1].Offset + _parts[^1].Bytes;

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Says that the part under way will not be finished here, so that what came of it is in no hash.</summary>
    public void Abandon() => _whole.Restart();

    /// <summary>Lets that many more bytes in.</summary>
    public void Allow(long bytes) => _allowed = bytes;

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        if (buffer.Length > _allowed)
            throw new InvalidDataException($"expected {_allowed} more bytes, found {buffer.Length}: the source sends more than it was asked for");
        _allowed -= buffer.Length;
        RandomAccess.Write(_file, buffer, _offset);
        _whole.Append(_offset, buffer);
        while (!buffer.IsEmpty)
        {
            ManifestPart part = _parts[_index];
            int count = (int)Math.Min(buffer.Length, part.Offset + part.Bytes - _offset);
            _hash.AppendData(buffer[..count]);
            _offset += count;
            buffer = buffer[count..];
            if (_offset == part.Offset + part.Bytes)
                EndPart(part);
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Write(buffer.Span);
        return ValueTask.CompletedTask;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _hash.Dispose();
        base.Dispose(disposing);
    }

    private void EndPart(ManifestPart part)
    {
        _index++;
        string found = Convert.ToHexStringLower(_hash.GetHashAndReset());
        if (found == part.Sha256)
            return;
        _wrong.Add((part, found));
        _whole.Restart();
    }
}
