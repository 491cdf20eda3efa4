using Etr.Policy.Models;
using Etr.Policy.Tokenizers;

namespace Etr.Silo.Conformance;

/// <summary>
/// Texts and their token ids. Added tokens in a text are recognised, as where the ids come from; nothing is put before it. The
/// directory needs <c>tokenizer.json</c> alone.
/// </summary>
internal static class TokenizeConformance
{
    /// <summary>Checks the lines of a file.</summary>
    /// <param name="path">A JSON object a line, with <c>text</c> and <c>ids</c>.</param>
    /// <param name="model">Directory of the tokenizer.</param>
    /// <param name="report">Receives the outcome.</param>
    public static void Run(string path, string model, ConformanceReport report)
    {
        IPolicyTokenizer tokenizer = TokenizerFile.Read(Path.Combine(model, ModelFiles.Tokenizer));
        foreach (ConformanceCase known in ConformanceFile.ReadLines(path))
        {
            string text = known.Text("text");
            double[] expected = known.Numbers("ids");
            double[] found = [.. tokenizer.Encode(MarkedText.Control(text)).Select(id => (double)id)];
            int same = expected.AsSpan().CommonPrefixLength(found);
            report.That(known.Place, same == expected.Length && same == found.Length,
                $"expected {expected.Length} ids, found {found.Length}; the first that differs is {same}");
        }
    }
}
