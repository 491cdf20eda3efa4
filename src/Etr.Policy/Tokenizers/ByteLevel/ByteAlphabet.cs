using System.Text;

namespace Etr.Policy.Tokenizers.ByteLevel;

/// <summary>
/// The 256 visible characters in which byte-level vocabularies spell bytes: those of Latin-1 that print stand for themselves, the
/// others for U+0100 and up, in order (as GPT-2 introduced it).
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] Characters = Spell();
    private static readonly Dictionary<char, byte> Bytes = Characters.Select((character, index) => (character, index)).ToDictionary(pair => pair.character, pair => (byte)pair.index);

    /// <summary>The character of each byte.</summary>
    public static ReadOnlySpan<char> All => Characters;

    /// <summary>The bytes that a token spells. One with any other character in it stands for its own UTF-8.</summary>
    public static byte[] BytesOf(string token)
    {
        var bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            if (!Bytes.TryGetValue(token[i], out bytes[i]))
                return Encoding.UTF8.GetBytes(token);
        }

        return bytes;
    }

    /// <summary>Spells a text; false where there is no room for it.</summary>
    public static bool TrySpell(ReadOnlySpan<char> text, Span<char> into, out int length)
    {
        length = 0;
        if (Encoding.UTF8.GetByteCount(text) > into.Length)
            return false;
        Span<byte> bytes = stackalloc byte[into.Length];
        length = Encoding.UTF8.GetBytes(text, bytes);
        for (int i = 0; i < length; i++)
            into[i] = Characters[bytes[i]];
        return true;
    }

    private static char[] Spell()
    {
        var characters = new char[256];
        char next = '\u0100';
        for (int value = 0; value < 256; value++)
            characters[value] = value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE and <= 0xFF ? (char)value : next++;
        return characters;
    }
}
