using Etr.Grains.Groups;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Silo.Hosting;
using Etr.Silo.Store;
using Orleans.Serialization;
using StackExchange.Redis;

namespace Etr.Silo.Audits;

/// <summary>Reads the grains' states as the store keeps them, without a silo.</summary>
internal sealed class StoredStates : IAsyncDisposable
{
    private const string DataField = "data";
    private readonly string _clusterId;
    private readonly ConnectionMultiplexer _store;
    private readonly ServiceProvider _services;
    private readonly Serializer _serializer;

    private StoredStates(ConnectionMultiplexer store, string clusterId)
    {
        (_store, _clusterId) = (store, clusterId);
        _services = new ServiceCollection().AddSerializer().BuildServiceProvider();
        _serializer = _services.GetRequiredService<Serializer>();
    }

    /// <summary>Connects to a store.</summary>
    /// <exception cref="Cli.CommandFailure">It does not answer.</exception>
    public static async Task<StoredStates> OpenAsync(StoreAddress store, string clusterId, CancellationToken cancellationToken) =>
        new(await StoreConnection.OpenAsync(store, cancellationToken), clusterId);

    /// <summary>A run's record; null where there is none.</summary>
    public Task<RunRecord?> RunAsync(string run) => ReadAsync<RunRecord>("run", "run", run);

    /// <summary>The record of a run's learner; null before its first step.</summary>
    public Task<LearnerRecord?> LearnerAsync(string run) => ReadAsync<LearnerRecord>("learner", "learner", run);

    /// <summary>A group's record; null where it was never opened.</summary>
    public Task<GroupRecord?> GroupAsync(string run, long ordinal) => ReadAsync<GroupRecord>("group", "group", IGroupGrain.KeyOf(run, ordinal));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _store.DisposeAsync();
        await _services.DisposeAsync();
    }

    private async Task<T?> ReadAsync<T>(string grainType, string state, string key)
        where T : class
    {
        RedisValue data = await _store.GetDatabase().HashGetAsync(SiloSetup.StateKey(_clusterId, state, GrainId.Create(grainType, key)), DataField);
        return data.IsNullOrEmpty ? null : _serializer.Deserialize<T>((byte[])data!);
    }
}
