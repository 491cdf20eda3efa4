using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Etr.Core.Rollouts;

namespace Etr.Core.Prompts;

/// <summary>Tells questions apart: 128 bits of the SHA-256 of a question's UTF-8, lower case, runs of white space as one space.</summary>
internal static class QuestionKey
{
    private const uint SplitPurpose = 0x53504C54;

    /// <summary>The key of a question.</summary>
    public static UInt128 Of(string question)
    {
        char[] plain = ArrayPool<char>.Shared.Rent(question.Length);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(question.Length));
        try
        {
            int length = Encoding.UTF8.GetBytes(plain.AsSpan(0, Simplify(question, plain)), bytes);
            Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
            SHA256.HashData(bytes.AsSpan(0, length), hash);
            return BinaryPrimitives.ReadUInt128LittleEndian(hash);
        }
        finally
        {
            ArrayPool<char>.Shared.Return(plain);
            ArrayPool<byte>.Shared.Return(bytes);
        }
    }

    /// <summary>The key of an id, which has to be the same to the letter: FNV-1a over its characters, 64 bits.</summary>
    public static ulong OfId(string id)
    {
        ulong hash = 14695981039346656037;
        foreach (char c in id)
            hash = (hash ^ c) * 1099511628211;
        return hash;
    }

    /// <summary>Whether a question is held out: a function of it and the seed alone, so that no other row moves it.</summary>
    /// <param name="key">The question's key.</param>
    /// <param name="seed">Number of the split.</param>
    /// <param name="share">Share that is held out, 0 to 1.</param>
    public static bool IsHeldOut(UInt128 key, long seed, double share) => Number(key, (ulong)seed) < share * 4294967296.0;

    /// <summary>A number that a question and a seed always give, even over 32 bits.</summary>
    public static uint Number(UInt128 key, ulong seed) =>
        Philox4x32.Block(seed, ((uint)key, (uint)(key >> 32), (uint)(key >> 64), SplitPurpose)).X;

    private static int Simplify(string text, Span<char> into)
    {
        int length = 0;
        bool space = false;
        foreach (char c in text)
        {
            if (char.IsWhiteSpace(c))
            {
                space = length > 0;
                continue;
            }

            if (space)
                into[length++] = ' ';
            space = false;
            into[length++] = char.ToLowerInvariant(c);
        }

        return length;
    }
}
