using System.Collections.Concurrent;
using Orleans.Serialization;
using Orleans.Storage;

namespace Etr.Grains.Tests.Fakes;

/// <summary>
/// Storage with the ETag rules of the real one: a write must name the version it was read at, or fails as inconsistent.
/// It outlives activations, counts writes, and lets a test come in between.
/// </summary>
internal sealed class TestStorage : IGrainStorage
{
    private readonly ConcurrentDictionary<(string Name, GrainId Grain), (byte[] Bytes, string ETag)> _states = [];

    /// <summary>Set by the silo that uses it.</summary>
    public Serializer? Serializer { get; set; }

    /// <summary>Runs before a write; what it throws the writer gets.</summary>
    public Action<string, GrainId> BeforeWrite { get; set; } = (_, _) => { };

    public ConcurrentQueue<(string Name, GrainId Grain, int Bytes)> Writes { get; } = [];

    public int WritesOf(string name) => Writes.Count(write => write.Name == name);

    /// <summary>Another activation writes the same state: the next write of whoever read before fails.</summary>
    public void Touch(string name, GrainId grain)
    {
        if (_states.TryGetValue((name, grain), out var found))
            _states[(name, grain)] = (found.Bytes, Guid.NewGuid().ToString());
        else
            _states[(name, grain)] = ([], Guid.NewGuid().ToString());
    }

    public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        if (_states.TryGetValue((stateName, grainId), out var found))
        {
            grainState.ETag = found.ETag;
            grainState.RecordExists = found.Bytes.Length > 0;
            grainState.State = found.Bytes.Length > 0 ? Serializer!.Deserialize<T>(found.Bytes) : Activator.CreateInstance<T>();
        }

        return Task.CompletedTask;
    }

    public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        BeforeWrite(stateName, grainId);
        byte[] bytes = Serializer!.SerializeToArray(grainState.State);
        string next = Guid.NewGuid().ToString();
        _states.AddOrUpdate(
            (stateName, grainId),
            _ => grainState.ETag is null ? (bytes, next) : throw Inconsistent(null, grainState.ETag),
            (_, found) => found.ETag == grainState.ETag ? (bytes, next) : throw Inconsistent(found.ETag, grainState.ETag));
        (grainState.ETag, grainState.RecordExists) = (next, true);
        Writes.Enqueue((stateName, grainId, bytes.Length));
        return Task.CompletedTask;
    }

    public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
    {
        _states.TryRemove((stateName, grainId), out _);
        return Task.CompletedTask;
    }

    private static InconsistentStateException Inconsistent(string? stored, string? current) => new("The state was written by another.", stored, current);
}
