using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Etr.Silo.RemoteSamplers;

/// <summary>The data of a stream of server-sent events, a line each, read within bounds.</summary>
internal static class EventLines
{
    /// <summary>Most bytes of one event.</summary>
    public const int LongestEvent = 4 << 20;

    /// <summary>Reads events until the stream ends.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="mostBytes">Most bytes of all of it.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="ServerException">A line or the whole is longer than any answer could be.</exception>
    public static async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(Stream stream, long mostBytes, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        PipeReader reader = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true));
        try
        {
            long total = 0;
            while (true)
            {
                ReadResult read = await reader.ReadAsync(cancellationToken);
                ReadOnlySequence<byte> buffer = read.Buffer;
                while (TryTakeLine(ref buffer, read.IsCompleted, out ReadOnlySequence<byte> line))
                {
                    total += line.Length + 1;
                    if (total > mostBytes)
                        throw new ServerException(ServerFault.Garbage, $"the answer is longer than the {mostBytes} bytes that this many tokens could take");
                    if (DataOf(line) is { Length: > 0 } data)
                        yield return data;
                }

                if (buffer.Length > LongestEvent || total + buffer.Length > mostBytes)
                    throw new ServerException(ServerFault.Garbage, $"a line of the answer is longer than {Math.Min(LongestEvent, mostBytes)} bytes");
                reader.AdvanceTo(buffer.Start, buffer.End);
                if (read.IsCompleted)
                    yield break;
            }
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    private static bool TryTakeLine(ref ReadOnlySequence<byte> buffer, bool last, out ReadOnlySequence<byte> line)
    {
        if (buffer.PositionOf((byte)'\n') is { } end)
        {
            line = buffer.Slice(0, end);
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            return true;
        }

        line = buffer;
        if (!last || buffer.IsEmpty)
            return false;
        buffer = buffer.Slice(buffer.End);
        return true;
    }

    // Comments, names of events and blank lines say nothing here.
    private static ReadOnlyMemory<byte> DataOf(ReadOnlySequence<byte> line)
    {
        ReadOnlySpan<byte> mark = "data:"u8;
        if (line.Length <= mark.Length)
            return default;
        ReadOnlyMemory<byte> data = line.ToArray();
        if (!data.Span.StartsWith(mark))
            return default;
        int start = mark.Length;
        int end = data.Length;
        while (start < end && data.Span[start] == ' ')
            start++;
        while (end > start && data.Span[end - 1] is (byte)'\r' or (byte)' ')
            end--;
        return data[start..end];
    }
}
