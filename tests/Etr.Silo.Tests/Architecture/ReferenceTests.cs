using ArchUnitNET.Domain;
using ArchUnitNET.Loader;
using ArchUnitNET.xUnitV3;
using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Dashboard;
using Etr.Grains.Runs;
using Etr.Policy.Runtime;
using static ArchUnitNET.Fluent.ArchRuleDefinition;
using Assembly = System.Reflection.Assembly;

namespace Etr.Silo.Tests.Architecture;

/// <summary>The arrows of ARCHITECTURE.md: what each project may reference, and who must not know an engine.</summary>
public sealed class ReferenceTests
{
    private static readonly Assembly Core = typeof(IRolloutEngine).Assembly;
    private static readonly Assembly Policy = typeof(TorchRuntime).Assembly;
    private static readonly Assembly Grains = typeof(IRunGrain).Assembly;
    private static readonly Assembly DashboardAssembly = typeof(DashboardExtensions).Assembly;
    private static readonly Assembly Silo = typeof(Etr.Silo.Cli.ExitCodes).Assembly;
    private static readonly ArchUnitNET.Domain.Architecture Loaded =
        new ArchLoader().LoadAssemblies(Core, Policy, Grains, DashboardAssembly, Silo).Build();

    private static readonly IObjectProvider<IType> Engines = Types().That().Are(typeof(IRolloutEngine), typeof(IPolicyTrainer)).As("engines");

    [Theory]
    [InlineData("Etr.Core", "System")]
    [InlineData("Etr.Policy", "System Etr.Core TorchSharp Microsoft.ML.Tokenizers Microsoft.Extensions.Logging.Abstractions")]
    [InlineData("Etr.Grains", "System Etr.Core Orleans Microsoft.Extensions")]
    [InlineData("Etr.Dashboard", "System Etr.Core Etr.Grains Orleans Microsoft.AspNetCore Microsoft.Extensions Microsoft.JSInterop Microsoft.Net.Http.Headers Microsoft.IdentityModel StackExchange.Redis")]
    public void A_project_references_only_what_it_may(string project, string allowed)
    {
        string[] prefixes = allowed.Split(' ');
        IEnumerable<string> others = new[] { Core, Policy, Grains, DashboardAssembly }.Single(a => a.GetName().Name == project)
            .GetReferencedAssemblies().Select(reference => reference.Name!)
            .Where(name => !prefixes.Any(prefix => name == prefix || name.StartsWith(prefix + ".", StringComparison.Ordinal)));

        Assert.Empty(others);
    }

    [Fact]
    public void Core_knows_no_other_project() => AssertUnknown(Core, Policy, Grains, DashboardAssembly, Silo);

    [Fact]
    public void Policy_knows_neither_grains_nor_dashboard_nor_host() => AssertUnknown(Policy, Grains, DashboardAssembly, Silo);

    [Fact]
    public void Grains_know_neither_tensors_nor_dashboard_nor_host() => AssertUnknown(Grains, Policy, DashboardAssembly, Silo);

    [Fact]
    public void The_dashboard_knows_neither_tensors_nor_host() => AssertUnknown(DashboardAssembly, Policy, Silo);

    [Fact]
    public void The_dashboard_holds_no_reference_to_an_engine() =>
        Types().That().ResideInAssembly(DashboardAssembly).Should().NotDependOnAny(Engines).Check(Loaded);

    [Fact]
    public void The_run_grain_holds_no_reference_to_an_engine() =>
        Types().That().ResideInNamespace("Etr.Grains.Runs").Should().NotDependOnAny(Engines).Check(Loaded);

    private static void AssertUnknown(Assembly from, params Assembly[] to)
    {
        foreach (Assembly other in to)
            Types().That().ResideInAssembly(from).Should().NotDependOnAny(Types().That().ResideInAssembly(other)).Check(Loaded);
    }
}
