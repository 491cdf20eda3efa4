using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Reflection;

namespace Etr.Silo.Configuration;

/// <summary>One key: where its value goes, and which values it may have.</summary>
/// <param name="Key">The whole key, such as <c>Etr:Run:Steps</c>.</param>
/// <param name="Sections">What leads from the root record to the one that holds the value; empty for a key of the root itself.</param>
/// <param name="Property">The property the value goes to.</param>
internal sealed record Setting(string Key, IReadOnlyList<SettingSection> Sections, PropertyInfo Property)
{
    /// <summary>Which entry of a list it belongs to; null for one that is in none.</summary>
    public int? Entry => Sections.Select(section => section.Entry).LastOrDefault(entry => entry is not null);

    private Type ValueType => Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    private bool IsNullable => Nullable.GetUnderlyingType(Property.PropertyType) is not null;

    /// <summary>The value under a root record.</summary>
    public object? Of(object root) => Property.GetValue(Owner(root));

    /// <summary>Sets the value under a root record that nobody shares yet.</summary>
    public void Set(object root, object? value) => Property.SetValue(Owner(root), value);

    /// <summary>Whether the value must not be printed.</summary>
    public bool IsSecret => Property.Name.EndsWith("Secret", StringComparison.Ordinal);

    /// <summary>The allowed values, in words.</summary>
    public string Allowed
    {
        get
        {
            string kind = ValueType switch
            {
                var t when t == typeof(bool) => "true or false",
                var t when t == typeof(int) || t == typeof(long) => "a whole number",
                var t when t == typeof(double) => "a number",
                _ => "text",
            };
            string words = kind;
            foreach (ValidationAttribute rule in Property.GetCustomAttributes<ValidationAttribute>())
            {
                words = rule switch
                {
                    RangeAttribute range => string.Create(CultureInfo.InvariantCulture, $"{kind} from {range.Minimum} to {range.Maximum}"),
                    AllowedValuesAttribute values => "one of " + string.Join(", ", values.Values.Select(v => v is "" ? "(empty)" : v)),
                    RegularExpressionAttribute pattern => $"text that matches {pattern.Pattern}",
                    RequiredAttribute when words == "text" => "text that is not empty",
                    _ => words,
                };
            }

            return IsNullable ? words + ", or empty" : words;
        }
    }

    /// <summary>Reads a value; false where it is not of the type or not allowed.</summary>
    public bool TryRead(string? text, out object? value)
    {
        text ??= "";
        if (IsNullable && text.Length == 0)
        {
            value = null;
            return true;
        }

        value = Parse(text.Trim());
        object? parsed = value;
        return parsed is not null && Property.GetCustomAttributes<ValidationAttribute>().All(rule => rule.IsValid(parsed));
    }

    private object Owner(object root) => Sections.Aggregate(root, (owner, section) => section.Of(owner));

    private object? Parse(string text)
    {
        const NumberStyles Whole = NumberStyles.AllowLeadingSign | NumberStyles.AllowThousands;
        CultureInfo culture = CultureInfo.InvariantCulture;
        if (ValueType == typeof(string))
            return text;
        if (ValueType == typeof(bool))
            return bool.TryParse(text, out bool flag) ? flag : null;
        if (ValueType == typeof(int))
            return int.TryParse(text, Whole, culture, out int number) ? number : null;
        if (ValueType == typeof(long))
            return long.TryParse(text, Whole, culture, out long large) ? large : null;
        return double.TryParse(text, NumberStyles.Float, culture, out double real) && double.IsFinite(real) ? real : null;
    }
}
