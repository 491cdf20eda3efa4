using System.Collections.Concurrent;
using Orleans.Serialization;
using Orleans.Storage;

namespace Etr.Grains.Tests.Fakes;

/// <summary>
/// Storage with the ETag rules of the real one: a write must name the version it was read at, or fails as inconsistent.
/// It outlives activations, counts writes, and lets a test come in between.
/// </summary>
internal sealed class TestStorage
{
    private readonly ConcurrentDictionary<(string Name, GrainId Grain), (byte[] Bytes, string ETag)> _states = [];

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

    /// <summary>A silo's way in, with the silo's own serializer: it ends with the silo, the states do not.</summary>
    public IGrainStorage Of(Serializer serializer) => new SiloStorage(this, serializer);

    private static InconsistentStateException Inconsistent(string? stored, string? current) => new("The state was written by another.", stored, current);

    private sealed class SiloStorage(TestStorage shared, Serializer serializer) : IGrainStorage
    {
        public Task ReadStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            if (shared._states.TryGetValue((stateName, grainId), out var found))
            {
                grainState.ETag = found.ETag;
                grainState.RecordExists = found.Bytes.Length > 0;
                grainState.State = found.Bytes.Length > 0 ? serializer.Deserialize<T>(found.Bytes) : Activator.CreateInstance<T>();
            }

            return Task.CompletedTask;
        }

        public Task WriteStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            shared.BeforeWrite(stateName, grainId);
            byte[] bytes = serializer.SerializeToArray(grainState.State);
            string next = Guid.NewGuid().ToString();
            shared._states.AddOrUpdate(
                (stateName, grainId),
                _ => grainState.ETag is null ? (bytes, next) : throw Inconsistent(null, grainState.ETag),
                (_, found) => found.ETag == grainState.ETag ? (bytes, next) : throw Inconsistent(found.ETag, grainState.ETag));
            (grainState.ETag, grainState.RecordExists) = (next, true);
            shared.Writes.Enqueue((stateName, grainId, bytes.Length));
            return Task.CompletedTask;
        }

        public Task ClearStateAsync<T>(string stateName, GrainId grainId, IGrainState<T> grainState)
        {
            shared._states.TryRemove((stateName, grainId), out _);
            return Task.CompletedTask;
        }
    }
}
