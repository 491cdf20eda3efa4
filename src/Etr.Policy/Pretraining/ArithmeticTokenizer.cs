using Etr.Core.Tasks.Arithmetic;
using Etr.Policy.Tokenizers;

namespace Etr.Policy.Pretraining;

/// <summary>The tokenizer of the <c>arithmetic</c> task: two special tokens, then the task's pieces in their order.</summary>
public static class ArithmeticTokenizer
{
    /// <summary>Id of the padding token.</summary>
    public const int PadToken = 0;

    /// <summary>Id of the end-of-sequence token.</summary>
    public const int EndToken = 1;

    private const int FirstPiece = 2;

    /// <summary>A new tokenizer over <see cref="ArithmeticVocabulary.Pieces"/>: styles A, B and C.</summary>
    public static PieceTokenizer Create() => Create([]);

    /// <summary>A new tokenizer over <see cref="ArithmeticVocabulary.PiecesOf"/> some styles.</summary>
    public static PieceTokenizer Create(IReadOnlyCollection<ArithmeticStyle> styles) => new(
        ArithmeticVocabulary.PiecesOf(styles).Select((text, index) => (text, index)).ToDictionary(piece => piece.text, piece => piece.index + FirstPiece),
        new Dictionary<string, int> { ["<pad>"] = PadToken, ["<end>"] = EndToken });
}
