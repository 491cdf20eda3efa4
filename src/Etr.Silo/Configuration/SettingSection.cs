using System.Collections;
using System.Reflection;

namespace Etr.Silo.Configuration;

/// <summary>A step from the root record towards the one that holds a value.</summary>
/// <param name="Property">The property of the record before.</param>
/// <param name="Entry">Which entry of it, where it is a list.</param>
internal readonly record struct SettingSection(PropertyInfo Property, int? Entry = null)
{
    /// <summary>Where the step leads to.</summary>
    public object Of(object owner)
    {
        object value = Property.GetValue(owner)!;
        return Entry is int entry ? ((IList)value)[entry]! : value;
    }
}
