using System.ComponentModel.DataAnnotations;

namespace Etr.Core.Extensions;

/// <summary>A value is one of these, or names a class of the user's own (<see cref="ExtensionNames"/>).</summary>
/// <param name="values">The program's own names, and <c>type:CLASS</c> to show that form.</param>
[AttributeUsage(AttributeTargets.Property)]
public sealed class AllowedOrTypeAttribute(params object?[] values) : AllowedValuesAttribute(values)
{
    /// <inheritdoc/>
    public override bool IsValid(object? value) => base.IsValid(value) || (value is string name && ExtensionNames.TryParse(name, out _));
}
