using System.Globalization;

namespace Etr.Policy.Tokenizers.Normalization;

/// <summary>What canonical composition needs to know of each character, read once from the table beside this file.</summary>
internal sealed class CanonicalData
{
    private static readonly Lazy<CanonicalData> Only = new(() => new CanonicalData());

    private readonly Dictionary<int, byte> _classes = [];
    private readonly Dictionary<int, (int First, int Second)> _decompositions = [];
    private readonly Dictionary<(int, int), int> _compositions = [];
    private readonly HashSet<int> _unsettled = [];

    private CanonicalData()
    {
        using Stream table = typeof(CanonicalData).Assembly.GetManifestResourceStream("Etr.Policy.canonical.txt")
            ?? throw new InvalidOperationException("the table of canonical decompositions is not part of the assembly");
        using var reader = new StreamReader(table);
        while (reader.ReadLine() is { } line)
        {
            if (line.StartsWith('#'))
                continue;
            string[] words = line.Split(' ');
            int[] numbers = [.. words.Skip(1).Select(word => int.Parse(word, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            if (words[0] == "C")
                AddClass(numbers[0], numbers[1], (byte)numbers[2]);
            else
                AddDecomposition(words[0] == "D", numbers);
        }
    }

    /// <summary>The table.</summary>
    public static CanonicalData Instance => Only.Value;

    /// <summary>The canonical combining class; 0 for a starter.</summary>
    public byte ClassOf(int character) => _classes.GetValueOrDefault(character);

    /// <summary>One step of decomposition; a second character of -1 where there is one only.</summary>
    public bool TryDecompose(int character, out (int First, int Second) parts) => _decompositions.TryGetValue(character, out parts);

    /// <summary>The character that two compose to.</summary>
    public bool TryCompose(int first, int second, out int composed) => _compositions.TryGetValue((first, second), out composed);

    /// <summary>Whether a text with this character may be in another form than NFC; a text without any such character is in it.</summary>
    public bool IsUnsettled(int character) => _unsettled.Contains(character);

    private void AddClass(int first, int count, byte value)
    {
        for (int character = first; character < first + count; character++)
        {
            _classes.Add(character, value);
            _unsettled.Add(character);
        }
    }

    private void AddDecomposition(bool composes, int[] numbers)
    {
        int second = numbers.Length > 2 ? numbers[2] : -1;
        _decompositions.Add(numbers[0], (numbers[1], second));
        if (composes)
        {
            _compositions.Add((numbers[1], second), numbers[0]);
            _unsettled.Add(second);
        }
        else
        {
            _unsettled.Add(numbers[0]);
        }
    }
}
