using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using Etr.Grains.Placement;
using Etr.Grains.Silos;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Runtime.MembershipService.SiloMetadata;

namespace Etr.Grains.Tests.Placement;

public class RolePlacementTests
{
    private static readonly SiloAddress Learner = SiloAddress.New(IPAddress.Loopback, 1, 1);
    private static readonly SiloAddress Sampler = SiloAddress.New(IPAddress.Loopback, 2, 1);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_silo_with_the_role_is_chosen(bool preferred) =>
        Assert.Equal([Learner], Filter(preferred, (Learner, SiloRoles.Learner), (Sampler, SiloRoles.Sampler)));

    [Fact]
    public void A_young_silo_that_knows_no_roles_yet_places_no_learner_anywhere() => Assert.Empty(Filter(preferred: false));

    [Fact]
    public void Where_the_role_is_only_preferred_any_silo_will_do() => Assert.Equal([Learner, Sampler], Filter(preferred: true));

    [Fact]
    public void In_a_cluster_without_metadata_any_silo_will_do() =>
        Assert.Equal([Learner, Sampler], Filter(new SiloDirectory(new Oracle(), new ServiceCollection().BuildServiceProvider()), preferred: false));

    private static SiloAddress[] Filter(bool preferred, params (SiloAddress Silo, SiloRoles Roles)[] known)
    {
        var services = new ServiceCollection();
        services.AddSingleton<ISiloMetadataCache>(new Cards(known.ToDictionary(entry => entry.Silo, entry => entry.Roles)));
        return Filter(new SiloDirectory(new Oracle(), services.BuildServiceProvider()), preferred);
    }

    private static SiloAddress[] Filter(SiloDirectory silos, bool preferred) =>
        [.. new RolePlacementDirector(silos).Filter(new RolePlacementStrategy(SiloRoles.Learner, preferred), default, [Learner, Sampler])];

    private sealed class Cards(Dictionary<SiloAddress, SiloRoles> known) : ISiloMetadataCache
    {
        public SiloMetadata GetSiloMetadata(SiloAddress siloAddress)
        {
            var metadata = new SiloMetadata();
            if (known.TryGetValue(siloAddress, out SiloRoles roles))
            {
                // Orleans alone fills it in, from what a silo published.
                typeof(SiloMetadata).GetProperty(nameof(SiloMetadata.Metadata))!.SetValue(metadata, new SiloCard { Roles = roles }.ToMetadata().ToImmutableDictionary());
            }

            return metadata;
        }
    }

    private sealed class Oracle : ISiloStatusOracle
    {
        public SiloStatus CurrentStatus => SiloStatus.Active;

        public string SiloName => "test";

        public SiloAddress SiloAddress => Learner;

        public SiloStatus GetApproximateSiloStatus(SiloAddress siloAddress) => SiloStatus.Active;

        public Dictionary<SiloAddress, SiloStatus> GetApproximateSiloStatuses(bool onlyActive = false) => [];

        public bool TryGetSiloName(SiloAddress siloAddress, [NotNullWhen(true)] out string? siloName) => (siloName = siloAddress.ToString()) is not null;

        public SiloAddress[] GetActiveSilos() => [Learner, Sampler];

        public bool IsFunctionalDirectory(SiloAddress siloAddress) => true;

        public bool IsDeadSilo(SiloAddress silo) => false;

        public bool SubscribeToSiloStatusEvents(ISiloStatusListener observer) => true;

        public bool UnSubscribeFromSiloStatusEvents(ISiloStatusListener observer) => true;
    }
}
