using Etr.Cluster.Tests.Clusters;
using Etr.Dashboard.Tests.Browser;
using Microsoft.Playwright;

namespace Etr.Cluster.Tests.Dashboards;

/// <summary>
/// A cluster of real processes in which a run trains for as long as the tests look at it: one process with store, learner and
/// dashboard, and two that sample. Beside it a short run that has ended.
/// </summary>
/// <remarks>Nothing is started where there is no browser.</remarks>
public sealed class LiveRun : IAsyncLifetime
{
    /// <summary>Different prompts: few, so that each is seen again and again.</summary>
    public const int Prompts = 12;

    private readonly Chromium _chromium = new();
    private TestCluster? _cluster;

    /// <summary>The cluster.</summary>
    internal TestCluster Cluster => _cluster!;

    /// <summary>Where the pages are.</summary>
    internal string Address => Cluster.Silos[0].Dashboard.TrimEnd('/');

    /// <summary>The silos that sample and were not killed.</summary>
    internal IReadOnlyList<SiloProcess> Samplers => [.. Cluster.Silos.Where(silo => silo.Roles == "sampler" && !silo.Process.HasEnded)];

    /// <summary>The run that goes on.</summary>
    public string Run { get; private set; } = "";

    /// <summary>The run that has ended, under another reward.</summary>
    public string Ended { get; private set; } = "";

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        if (!Chromium.IsThere)
            return;
        await _chromium.InitializeAsync();
        _cluster = await TestCluster.StartWholeAsync("store,learner,dashboard", "Etr:Dashboard:Port=0");
        await Cluster.AddAsync("sampler", "sampler");
        Ended = await Cluster.StartRunAsync(2, "Etr:Reward:Shaper=outcome");

        // Every prompt in every step: as slow as a small run can be, so that it is a short one still when the last test looks at it.
        // These constants pay for longer chains, and one step is enough for the guard to say so: a fault that every run has.
        Run = await Cluster.StartRunAsync(TestCluster.Endless,
            "Etr:Reward:Shaper=paper", "Etr:Guards:Window=1", $"Etr:Task:Prompts={Prompts}", $"Etr:Run:PromptsPerStep={Prompts}", "Etr:Sampling:MaxNewTokens=96");
        await Task.WhenAll(Cluster.StepAsync(Ended, 2), Cluster.StepAsync(Run, 6));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _chromium.DisposeAsync();
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    /// <summary>Opens a view of the run; skips the test where there is no browser.</summary>
    /// <param name="path">What follows the run in the view's address.</param>
    /// <param name="hand">What the view is to be driven by.</param>
    /// <param name="scheme">The colours that the system asks for.</param>
    internal async Task<LivePage> OpenAsync(string path, Hand hand, ColorScheme scheme = ColorScheme.Light)
    {
        IPage page = await _chromium.OpenAsync(scheme: scheme);
        return await LivePage.OpenAsync(page, this, path, hand);
    }
}

/// <summary>Tests that look at one live run, one after the other.</summary>
[CollectionDefinition(nameof(LiveRuns))]
public sealed class LiveRuns : ICollectionFixture<LiveRun>;
