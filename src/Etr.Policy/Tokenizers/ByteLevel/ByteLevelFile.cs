using System.Text.Json;
using System.Text.RegularExpressions;
using Etr.Policy.Checkpoints;

namespace Etr.Policy.Tokenizers.ByteLevel;

/// <summary>
/// Reads the byte-level BPE kind of <c>tokenizer.json</c>. What would make other tokens than the file means is refused by its name;
/// nothing is skipped over.
/// </summary>
internal static class ByteLevelFile
{
    // GPT-2's own, which a ByteLevel pre-tokenizer applies where it is told to split.
    private const string DefaultPattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const int DeepestSequence = 4;

    /// <exception cref="CheckpointException">Something is missing, out of range, or of a kind that is not read here.</exception>
    public static ByteLevelTokenizer Read(TokenizerJson root)
    {
        TokenizerJson model = root["model"];
        model["dropout"].MustBeOff();
        model["byte_fallback"].MustBeOff();
        model["continuing_subword_prefix"].MustBeOff();
        model["end_of_word_suffix"].MustBeOff();

        Dictionary<string, int> vocabulary = Vocabulary(model["vocab"]);
        List<AddedToken> added = Added(root["added_tokens"]);
        CheckIds(root, vocabulary, added);
        HashSet<string> specials = [.. added.Where(token => token.IsSpecial).Select(token => token.Content)];
        var parts = new ByteLevelParts(
            vocabulary,
            Merges(model["merges"], vocabulary, specials),
            added,
            Patterns(root["pre_tokenizer"]),
            Composes(root["normalizer"], 0),
            model["ignore_merges"].Flag,
            BeginToken(root["post_processor"], added));
        try
        {
            return new ByteLevelTokenizer(parts);
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            throw model.Wrong("a vocabulary and merges that go together", e.Message, e);
        }
    }

    private static Dictionary<string, int> Vocabulary(TokenizerJson vocab)
    {
        if (vocab.Json.ValueKind != JsonValueKind.Object)
            throw vocab.Wrong("an object of texts and ids");
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonProperty token in vocab.Json.EnumerateObject())
        {
            int id = new TokenizerJson(vocab.Path, $"id of '{Short(token.Name)}'", token.Value).Id();
            if (token.Name.Length == 0 || !vocabulary.TryAdd(token.Name, id))
                throw vocab.Wrong("each text once, none empty", $"'{token.Name}'");
        }

        foreach (char letter in ByteAlphabet.All)
        {
            if (!vocabulary.ContainsKey(letter.ToString()))
                throw vocab.Wrong("a token for each of the 256 bytes", $"none for '{letter}'");
        }

        return vocabulary;
    }

    private static List<AddedToken> Added(TokenizerJson list)
    {
        var added = new List<AddedToken>();
        foreach (TokenizerJson token in list.Items())
        {
            token["single_word"].MustBeOff();
            token["lstrip"].MustBeOff();
            token["rstrip"].MustBeOff();
            string content = token["content"].Text();
            if (content.Length is 0 or > 1024 || added.Count == 100_000)
                throw token["content"].Wrong("text of 1 to 1024 characters, in at most 100000 tokens");
            added.Add(new AddedToken(content, token["id"].Id(), token["special"].Flag, token["normalized"].Flag));
        }

        return added.Select(token => token.Content).Distinct(StringComparer.Ordinal).Count() == added.Count
            ? added
            : throw list.Wrong("each text once", "one twice");
    }

    // A list by id is made of them, so they must be nearly dense; and an id is one token.
    private static void CheckIds(TokenizerJson root, Dictionary<string, int> vocabulary, List<AddedToken> added)
    {
        int limit = 2 * (vocabulary.Count + added.Count) + 1024;
        var texts = new Dictionary<int, string>();
        foreach ((string text, int id) in vocabulary.Concat(added.Select(token => KeyValuePair.Create(token.Content, token.Id))))
        {
            TokenizerJson place = root with { Place = $"id of '{Short(text)}'" };
            if (id >= limit)
                throw place.Wrong($"less than {limit}: ids are nearly dense", $"{id}");
            if (!texts.TryAdd(id, text) && texts[id] != text)
                throw place.Wrong("an id of its own", $"{id}, the id of '{Short(texts[id])}' too");
        }
    }

    private static List<string> Merges(TokenizerJson list, Dictionary<string, int> vocabulary, HashSet<string> specials)
    {
        if (list.Json.ValueKind != JsonValueKind.Array)
            throw list.Wrong("a list of pairs");
        var merges = new List<string>(list.Json.GetArrayLength());
        foreach (TokenizerJson merge in list.Items())
        {
            string[] pair = merge.Json.ValueKind == JsonValueKind.Array ? [.. merge.Items().Take(3).Select(token => token.Text())] : merge.Text().Split(' ');
            if (pair.Length != 2 || pair.Any(token => token.Length == 0 || token.Contains(' ')))
                throw merge.Wrong("two tokens");
            string joined = pair[0] + pair[1];
            if (pair.Append(joined).FirstOrDefault(token => !vocabulary.ContainsKey(token)) is { } absent)
                throw merge.Wrong("tokens of the vocabulary", $"'{absent}'");
            // Else ordinary text would become a special token.
            if (specials.Contains(joined))
                throw merge.Wrong("no special token for a result", $"'{joined}'");
            merges.Add($"{pair[0]} {pair[1]}");
        }

        return merges;
    }

    private static bool Composes(TokenizerJson normalizer, int depth)
    {
        if (!normalizer.IsThere)
            return false;
        switch (normalizer["type"].Text())
        {
            case "NFC":
                return true;
            case "Sequence" when depth < DeepestSequence:
                // Each is looked at, the first NFC does not hide what comes after it.
                return normalizer["normalizers"].Items().Select(part => Composes(part, depth + 1)).ToArray().Contains(true);
            default:
                throw normalizer["type"].Wrong("'NFC', or a Sequence of it");
        }
    }

    private static SplitPatterns Patterns(TokenizerJson preTokenizer)
    {
        var patterns = new List<string>();
        bool bytes = false;
        AddPatterns(preTokenizer, patterns, ref bytes, 0);
        if (!bytes)
            throw preTokenizer.Wrong("a ByteLevel pre-tokenizer");
        try
        {
            return new SplitPatterns(patterns);
        }
        catch (Exception e) when (e is ArgumentException or RegexMatchTimeoutException)
        {
            throw preTokenizer.Wrong("patterns that .NET reads, each bounded in time", e.Message, e);
        }
    }

    private static void AddPatterns(TokenizerJson part, List<string> patterns, ref bool bytes, int depth)
    {
        // What follows ByteLevel would see bytes in place of characters.
        if (bytes)
            throw part.Wrong("nothing after ByteLevel");
        if (patterns.Count == SplitPatterns.Most)
            throw part.Wrong($"at most {SplitPatterns.Most} patterns", "more");
        switch (part["type"].Text())
        {
            case "Sequence" when depth < DeepestSequence:
                foreach (TokenizerJson item in part["pretokenizers"].Items())
                    AddPatterns(item, patterns, ref bytes, depth + 1);
                break;
            case "Split":
                part["invert"].MustBeOff();
                if (part["behavior"].Text() != "Isolated")
                    throw part["behavior"].Wrong("'Isolated'");
                patterns.Add(part["pattern"]["Regex"].AsText ?? Regex.Escape(part["pattern"]["String"].Text()));
                break;
            case "Digits":
                patterns.Add(part["individual_digits"].Flag ? @"\p{N}" : @"\p{N}+");
                break;
            case "ByteLevel":
                part["add_prefix_space"].MustBeOff();
                // It splits unless it is told not to.
                if (!part["use_regex"].IsThere || part["use_regex"].Flag)
                    patterns.Add(DefaultPattern);
                bytes = true;
                break;
            default:
                throw part["type"].Wrong("'Split', 'Digits', 'ByteLevel', or a Sequence of them");
        }
    }

    // Only what stands before a single text matters here. Others are about pairs of texts, offsets, or what follows a text.
    private static int? BeginToken(TokenizerJson processor, List<AddedToken> added)
    {
        if (!processor.IsThere)
            return null;
        switch (processor["type"].Text())
        {
            case "ByteLevel":
                return null;
            case "Sequence":
                return processor["processors"].Items().Take(DeepestSequence)
                    .Select(part => part["type"].AsText == "Sequence" ? throw part["type"].Wrong("no Sequence in a Sequence") : BeginToken(part, added))
                    .ToArray().FirstOrDefault(token => token is not null);
            case "TemplateProcessing":
                TokenizerJson first = processor["single"].Items().FirstOrDefault()["SpecialToken"];
                return first.IsThere
                    ? added.FirstOrDefault(token => token.Content == first["id"].Text())?.Id ?? throw first["id"].Wrong("an added token")
                    : null;
            default:
                throw processor["type"].Wrong("'ByteLevel', 'TemplateProcessing', or a Sequence of them");
        }
    }

    private static string Short(string text) => text.Length > 40 ? text[..40] + "…" : text;
}
