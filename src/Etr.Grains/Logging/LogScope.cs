using System.Collections;
using System.Globalization;
using Etr.Grains.Groups;
using Etr.Grains.Samplers;

namespace Etr.Grains.Logging;

/// <summary>
/// What a log line is about: the run, and where they are known the group's ordinal and the slots. A structured logger keeps them as
/// properties of their own.
/// </summary>
internal sealed class LogScope : IReadOnlyList<KeyValuePair<string, object?>>
{
    private readonly KeyValuePair<string, object?>[] _values;

    private LogScope(params KeyValuePair<string, object?>[] values) => _values = values;

    public int Count => _values.Length;

    public KeyValuePair<string, object?> this[int index] => _values[index];

    public static LogScope OfRun(string run) => new(new KeyValuePair<string, object?>("run", run));

    /// <summary>Of a group, by its grain's key; one that is no group's has no run either.</summary>
    public static LogScope OfGroup(string key) => IGroupGrain.TryParse(key, out string run, out long ordinal)
        ? new(new("run", run), new("group", ordinal))
        : new(new KeyValuePair<string, object?>("group", key));

    /// <summary>Of the slots that are drawn for a group.</summary>
    public static LogScope OfDraw(DrawRequest request)
    {
        string slots = string.Join(',', request.Slots.Select(slot => slot.Slot.ToString(CultureInfo.InvariantCulture)));
        return new([.. OfGroup(request.Group), new("slot", slots)]);
    }

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => _values.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => string.Join(' ', _values.Select(value => string.Create(CultureInfo.InvariantCulture, $"{value.Key}:{value.Value}")));
}
