using System.Text;

namespace Etr.Policy.Tokenizers.Chat.Jinja;

internal enum JinjaKind
{
    Text,
    BlockBegin,
    BlockEnd,
    PrintBegin,
    PrintEnd,
    Name,
    String,
    Integer,
    Real,
    Operator,
    End,
}

/// <summary>A word of a template.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Text">Its text; of a string, what it stands for.</param>
/// <param name="Line">Its line, from 1.</param>
internal readonly record struct JinjaToken(JinjaKind Kind, string Text, int Line);

/// <summary>
/// Cuts a template into words, with whitespace as Hugging Face renders: the newline behind a tag and the blanks of a line before one
/// are dropped (<c>trim_blocks</c>, <c>lstrip_blocks</c>), and a dash drops all of it on its side.
/// </summary>
internal sealed class JinjaLexer
{
    private const int MostTokens = 200_000;
    private static readonly string[] Operators = ["//", "**", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "|", ".", ",", ":", "(", ")", "[", "]", "{", "}", "<", ">", "="];

    private readonly string _source;
    private readonly List<JinjaToken> _tokens = [];
    private int _at;
    private int _line = 1;

    private JinjaLexer(string source) => _source = source;

    /// <exception cref="ChatTemplateException">The template is malformed or too large.</exception>
    public static List<JinjaToken> Read(string source)
    {
        string text = source.ReplaceLineEndings("\n");
        var lexer = new JinjaLexer(text.EndsWith('\n') ? text[..^1] : text);
        lexer.Run();
        return lexer._tokens;
    }

    private void Run()
    {
        bool trim = false;
        bool newline = false;
        while (_at < _source.Length)
        {
            int tag = NextTag();
            int end = tag < 0 ? _source.Length : tag;
            char sign = tag < 0 ? '\0' : _source[tag + 1];
            bool dash = tag >= 0 && At(tag + 2) == '-';
            bool plus = tag >= 0 && At(tag + 2) == '+';
            string text = _source[_at..end];
            AddText(text, trim, newline, dash, strip: sign is '%' or '#' && !plus);
            CountLines(text);
            if (tag < 0)
                break;
            _at = tag + (dash || plus ? 3 : 2);
            (trim, newline) = sign == '#' ? Comment() : Tag(sign);
        }

        Add(JinjaKind.End, "");
    }

    private int NextTag()
    {
        for (int at = _source.IndexOf('{', _at); at >= 0; at = _source.IndexOf('{', at + 1))
        {
            if (At(at + 1) is '{' or '%' or '#')
                return at;
        }

        return -1;
    }

    private void AddText(string text, bool trimStart, bool dropNewline, bool trimEnd, bool strip)
    {
        bool lineStarts = _at == 0;
        if (trimStart)
            text = text.TrimStart();
        else if (dropNewline && text.StartsWith('\n'))
            (text, lineStarts) = (text[1..], true);
        if (trimEnd)
        {
            text = text.TrimEnd();
        }
        else if (strip)
        {
            int line = text.LastIndexOf('\n');
            if ((line >= 0 || lineStarts) && text.AsSpan(line + 1).Trim(" \t").IsEmpty)
                text = text[..(line + 1)];
        }

        if (text.Length > 0)
            Add(JinjaKind.Text, text);
    }

    private (bool Trim, bool Newline) Comment()
    {
        int end = _source.IndexOf("#}", _at, StringComparison.Ordinal);
        if (end < 0)
            throw Wrong("a comment that ends");
        bool dash = _source[end - 1] == '-' && end > _at;
        CountLines(_source[_at..end]);
        _at = end + 2;
        return (dash, true);
    }

    private (bool Trim, bool Newline) Tag(char sign)
    {
        bool block = sign == '%';
        string close = block ? "%}" : "}}";
        Add(block ? JinjaKind.BlockBegin : JinjaKind.PrintBegin, "");
        int brackets = 0;
        while (true)
        {
            SkipBlanks();
            if (_at >= _source.Length)
                throw Wrong($"'{close}'");
            bool dash = _source[_at] is '-' or '+' && string.CompareOrdinal(_source, _at + 1, close, 0, 2) == 0;
            if (dash || brackets == 0 && string.CompareOrdinal(_source, _at, close, 0, 2) == 0)
            {
                bool trim = dash && _source[_at] == '-';
                bool newline = block && !(dash && !trim);
                _at += dash ? 3 : 2;
                Add(block ? JinjaKind.BlockEnd : JinjaKind.PrintEnd, "");
                return (trim, newline);
            }

            string word = Word();
            brackets += word is "(" or "[" or "{" ? 1 : word is ")" or "]" or "}" ? -1 : 0;
        }
    }

    private string Word()
    {
        char first = _source[_at];
        int start = _at;
        if (char.IsAsciiLetter(first) || first == '_')
        {
            while (_at < _source.Length && (char.IsAsciiLetterOrDigit(_source[_at]) || _source[_at] == '_'))
                _at++;
            return Add(JinjaKind.Name, _source[start.._at]);
        }

        if (char.IsAsciiDigit(first))
            return Number();
        if (first is '\'' or '"')
        {
            String(first);
            return "";
        }

        foreach (string known in Operators)
        {
            if (string.CompareOrdinal(_source, _at, known, 0, known.Length) == 0)
            {
                _at += known.Length;
                return Add(JinjaKind.Operator, known);
            }
        }

        throw Wrong("an expression");
    }

    private string Number()
    {
        int start = _at;
        bool real = false;
        while (char.IsAsciiDigit(At(_at)) || !real && At(_at) == '.' && char.IsAsciiDigit(At(_at + 1)))
        {
            real |= _source[_at] == '.';
            _at++;
        }

        return Add(real ? JinjaKind.Real : JinjaKind.Integer, _source[start.._at]);
    }

    private void String(char quote)
    {
        var text = new StringBuilder();
        int line = _line;
        for (_at++; At(_at) != quote; _at++)
        {
            if (_at >= _source.Length)
                throw Wrong("a string that ends");
            char character = _source[_at];
            _line += character == '\n' ? 1 : 0;
            text.Append(character == '\\' ? Escape() : character);
        }

        _at++;
        _tokens.Add(new JinjaToken(JinjaKind.String, text.ToString(), line));
    }

    private string Escape()
    {
        char character = At(++_at);
        int digits = character switch { 'x' => 2, 'u' => 4, _ => 0 };
        if (digits > 0)
        {
            if (_at + digits >= _source.Length
                || !ushort.TryParse(_source.AsSpan(_at + 1, digits), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out ushort code))
            {
                throw Wrong("hexadecimal digits");
            }

            _at += digits;
            return ((char)code).ToString();
        }

        return character switch
        {
            'n' => "\n",
            't' => "\t",
            'r' => "\r",
            '\\' or '\'' or '"' => character.ToString(),
            // As in Python: what is no escape stands for itself.
            _ => "\\" + character,
        };
    }

    private void SkipBlanks()
    {
        for (; _at < _source.Length && char.IsWhiteSpace(_source[_at]); _at++)
            _line += _source[_at] == '\n' ? 1 : 0;
    }

    private char At(int place) => place < _source.Length ? _source[place] : '\0';

    private void CountLines(string text) => _line += text.AsSpan().Count('\n');

    private string Add(JinjaKind kind, string text)
    {
        if (_tokens.Count == MostTokens)
            throw Wrong($"at most {MostTokens} words");
        _tokens.Add(new JinjaToken(kind, text, _line));
        return text;
    }

    private ChatTemplateException Wrong(string expected) => new($"chat template, line {_line}: expected {expected}");
}
