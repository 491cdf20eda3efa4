using System.Buffers.Binary;
using System.Text;
using Etr.Build;

namespace Etr.Policy.Tests.Runtime;

public sealed class SymbolVersionsTests
{
    private const int FirstFlags = 64 + 16 + 4;
    private const int SecondFlags = FirstFlags + 16;

    [Fact]
    public void Only_the_named_request_becomes_weak_and_nothing_else_changes()
    {
        byte[] elf = TinyElf("GLIBCXX_3.4.29", "GLIBCXX_3.4.32");
        byte[] expected = [.. elf];
        expected[SecondFlags] = 2;

        int changed = SymbolVersions.Weaken(elf, ["GLIBCXX_3.4.31", "GLIBCXX_3.4.32"]);

        Assert.Equal(1, changed);
        Assert.Equal(expected, elf);
    }

    [Fact]
    public void A_second_pass_finds_nothing_left()
    {
        byte[] elf = TinyElf("GLIBCXX_3.4.31", "GLIBCXX_3.4.32");

        Assert.Equal(2, SymbolVersions.Weaken(elf, ["GLIBCXX_3.4.31", "GLIBCXX_3.4.32"]));
        Assert.Equal(0, SymbolVersions.Weaken(elf, ["GLIBCXX_3.4.31", "GLIBCXX_3.4.32"]));
    }

    [Fact]
    public void A_file_that_is_no_library_is_refused() =>
        Assert.Throws<InvalidDataException>(() => SymbolVersions.Weaken(new byte[200], ["GLIBCXX_3.4.32"]));

    [Fact]
    public void A_table_that_runs_past_the_end_is_refused()
    {
        byte[] elf = TinyElf("GLIBCXX_3.4.31", "GLIBCXX_3.4.32");

        Assert.Throws<InvalidDataException>(() => SymbolVersions.Weaken(elf[..^40], ["GLIBCXX_3.4.32"]));
    }

    // File header, one version-needs table with two entries, the names, and two section headers that point at them.
    private static byte[] TinyElf(string first, string second)
    {
        byte[] names = Encoding.ASCII.GetBytes($"\0{first}\0{second}\0");
        int namesAt = SecondFlags + 12;
        int sectionsAt = namesAt + names.Length;
        byte[] elf = new byte[sectionsAt + 2 * 64];
        Span<byte> span = elf;
        new byte[] { 0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1 }.CopyTo(span);
        BinaryPrimitives.WriteUInt64LittleEndian(span[0x28..], (ulong)sectionsAt);
        BinaryPrimitives.WriteUInt16LittleEndian(span[0x3a..], 64);
        BinaryPrimitives.WriteUInt16LittleEndian(span[0x3c..], 2);

        Span<byte> need = span[64..];
        BinaryPrimitives.WriteUInt16LittleEndian(need, 1);
        BinaryPrimitives.WriteUInt16LittleEndian(need[2..], 2);
        BinaryPrimitives.WriteUInt32LittleEndian(need[8..], 16);
        BinaryPrimitives.WriteUInt32LittleEndian(need[(16 + 8)..], 1);
        BinaryPrimitives.WriteUInt32LittleEndian(need[(16 + 12)..], 16);
        BinaryPrimitives.WriteUInt32LittleEndian(need[(32 + 8)..], (uint)(2 + first.Length));
        names.CopyTo(span[namesAt..]);

        Span<byte> section = span[sectionsAt..];
        BinaryPrimitives.WriteUInt32LittleEndian(section[4..], 0x6ffffffe);
        BinaryPrimitives.WriteUInt64LittleEndian(section[0x18..], 64);
        BinaryPrimitives.WriteUInt32LittleEndian(section[0x28..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(section[(64 + 0x18)..], (ulong)namesAt);
        return elf;
    }
}
