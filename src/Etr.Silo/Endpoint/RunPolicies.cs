using System.Globalization;
using Etr.Core.Policies;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Grains.Files;
using Etr.Grains.Runs;
using Etr.Silo.Configuration;

namespace Etr.Silo.Endpoint;

/// <summary>
/// The policies of the cluster's runs. The grains are asked once for all who ask at a time, and not again within a quarter of a second, so
/// that no number of clients weighs on them; a name that is not known yet asks them anew.
/// </summary>
internal sealed class RunPolicies(IGrainFactory grains, IRunFiles files, EndpointSettings settings, TimeProvider time) : IServedPolicies, IDisposable
{
    private const int MostRuns = 8;

    // Versions of a run that may still be asked for by name or content: what a staleness bound allows, twice over.
    private const int MostVersions = 128;
    private static readonly TimeSpan Fresh = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _asking = new(1, 1);
    private readonly Dictionary<string, RunStart> _starts = new(StringComparer.Ordinal);
    private readonly Dictionary<string, SortedDictionary<long, string>> _known = new(StringComparer.Ordinal);
    private IReadOnlyList<PolicyName> _newest = [];
    private long _asked = -1;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<PolicyName>> ListAsync(CancellationToken cancellationToken)
    {
        await _asking.WaitAsync(cancellationToken);
        try
        {
            return await NewestAsync(again: false, cancellationToken);
        }
        finally
        {
            _asking.Release();
        }
    }

    /// <inheritdoc/>
    public async Task<ServedPolicy> FindAsync(string model, CancellationToken cancellationToken)
    {
        PolicyName name;
        RunStart start;
        await _asking.WaitAsync(cancellationToken);
        try
        {
            IReadOnlyList<PolicyName> newest = await NewestAsync(again: false, cancellationToken);
            PolicyName? found = await MatchAsync(model, newest, cancellationToken);
            if (found is null)
                found = await MatchAsync(model, await NewestAsync(again: true, cancellationToken), cancellationToken);
            if (found is null)
            {
                throw _newest.Count == 0
                    ? new ApiException(503, "no_policy", "no run has started yet, so there is no policy to draw with") { RetryAfter = 2 }
                    : new ApiException(404, "model_not_found", $"there is no policy '{Short(model)}'; GET /v1/models lists what there is", "model");
            }

            (name, start) = (found, _starts[found.Run]);
        }
        finally
        {
            _asking.Release();
        }

        string folder = await OpenAsync(name, start, cancellationToken);
        return new ServedPolicy(
            name.Run, new PolicyRef(name.Version, PolicyFolder.PolicyFileIn(folder), name.Sha256), folder, RunConfigurationJson.Read(start.ConfigurationJson).Policy);
    }

    /// <inheritdoc/>
    public void Dispose() => _asking.Dispose();

    private async Task<string> OpenAsync(PolicyName name, RunStart start, CancellationToken cancellationToken)
    {
        try
        {
            return await files.OpenPolicyAsync(new RunPlace(start.Run, start.Directory), name.Version, name.Sha256, cancellationToken);
        }
        catch (Exception e) when (e is IOException or InvalidDataException)
        {
            throw new ApiException(503, "policy_unavailable", $"nobody hands out the policy {ServedPolicy.NameOf(name.Run, name.Version)} right now") { RetryAfter = 1 };
        }
    }

    private async Task<PolicyName?> MatchAsync(string model, IReadOnlyList<PolicyName> newest, CancellationToken cancellationToken)
    {
        if (newest.Count == 0)
            return null;
        if (model.Length == 0 || model == "policy")
            return newest[0];
        if (newest.FirstOrDefault(policy => policy.Run == model) is { } run)
            return run;
        if (model.StartsWith("sha256:", StringComparison.Ordinal))
            return await ByContentAsync(model["sha256:".Length..], newest, cancellationToken);
        int at = model.LastIndexOf('@');
        return at > 0 && long.TryParse(model.AsSpan(at + 1), NumberStyles.None, CultureInfo.InvariantCulture, out long version)
            && newest.FirstOrDefault(policy => policy.Run == model[..at]) is { } named && await HashOfAsync(named, version, cancellationToken) is { } sha256
            ? new PolicyName(named.Run, version, sha256)
            : null;
    }

    private async Task<PolicyName?> ByContentAsync(string sha256, IReadOnlyList<PolicyName> newest, CancellationToken cancellationToken)
    {
        foreach (PolicyName run in newest)
        {
            // From the newest down: what is asked for is nearly always among the first.
            for (long version = run.Version; version >= Math.Max(0, run.Version - MostVersions); version--)
            {
                if (await HashOfAsync(run, version, cancellationToken) == sha256)
                    return new PolicyName(run.Run, version, sha256);
            }
        }

        return null;
    }

    private async Task<string?> HashOfAsync(PolicyName newest, long version, CancellationToken cancellationToken)
    {
        if (version > newest.Version)
            return null;
        SortedDictionary<long, string> known = _known[newest.Run];
        if (known.TryGetValue(version, out string? sha256))
            return sha256;
        try
        {
            RunStart start = _starts[newest.Run];
            PolicyManifest? manifest = await PolicyFolder.ReadAsync(new RunPlace(start.Run, start.Directory).Policies, version, cancellationToken);
            sha256 = (manifest?.Find(PolicyManifest.AdapterFile) ?? manifest?.Find(PolicyManifest.WeightsFile))?.Sha256;
        }
        catch (Exception e) when (e is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            // Not seen from here; what was heard of the run has to do.
        }

        if (sha256 is not null)
            Remember(known, version, sha256);
        return sha256;
    }

    private static void Remember(SortedDictionary<long, string> known, long version, string sha256)
    {
        known[version] = sha256;
        while (known.Count > MostVersions)
            known.Remove(known.First().Key);
    }

    private async Task<IReadOnlyList<PolicyName>> NewestAsync(bool again, CancellationToken cancellationToken)
    {
        if (_asked >= 0 && !again && time.GetElapsedTime(_asked) < Fresh)
            return _newest;
        try
        {
            _newest = await AskAsync().WaitAsync(Patience, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OrleansException)
        {
            throw new ApiException(503, "cluster_unavailable", "the cluster does not answer; try again") { RetryAfter = 1 };
        }

        _asked = time.GetTimestamp();
        return _newest;
    }

    private async Task<IReadOnlyList<PolicyName>> AskAsync()
    {
        string only = settings.Run;
        IReadOnlyList<RunEntry> runs = await grains.GetGrain<IRunDirectoryGrain>(0).ListAsync();
        var found = new List<PolicyName>();
        foreach (RunEntry run in runs.Where(run => only.Length == 0 || run.Run == only).OrderByDescending(run => run.State == RunState.Running).Take(MostRuns))
        {
            var grain = grains.GetGrain<IRunGrain>(run.Run);
            if (!_starts.ContainsKey(run.Run) && await grain.GetStartAsync() is { } start)
                _starts[run.Run] = start;
            if (!_starts.ContainsKey(run.Run))
                continue;
            RunStatus status = await grain.GetStatusAsync();
            string sha256 = status.PolicySha256.Length > 0 ? status.PolicySha256 : _starts[run.Run].PolicySha256;
            if (!_known.TryGetValue(run.Run, out SortedDictionary<long, string>? known))
                _known[run.Run] = known = [];
            Remember(known, status.Step, sha256);
            found.Add(new PolicyName(run.Run, status.Step, sha256));
        }

        foreach (string gone in _starts.Keys.Where(run => found.All(policy => policy.Run != run)).ToArray())
        {
            _starts.Remove(gone);
            _known.Remove(gone);
        }

        return found;
    }

    private static string Short(string model) => model.Length <= 80 ? model : model[..80] + "…";
}
