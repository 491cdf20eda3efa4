using System.Globalization;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using Etr.Core.Rollouts;
using Etr.Dashboard;
using Etr.Grains.Runs;
using Etr.Policy.Runtime;
using Microsoft.Extensions.Logging;

namespace Etr.Silo.Tests.Telemetry;

/// <summary>Every message of the product: written by the source generator, under an id of its own, and listed in docs/logs.md.</summary>
public sealed class LogMessageTests
{
    private static readonly Assembly[] Product =
        [typeof(IRolloutEngine).Assembly, typeof(TorchRuntime).Assembly, typeof(IRunGrain).Assembly, typeof(DashboardExtensions).Assembly, typeof(Etr.Silo.Cli.ExitCodes).Assembly];

    private static readonly (MethodInfo Method, LoggerMessageAttribute Message)[] Messages =
    [
        .. Product.SelectMany(assembly => assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.DeclaredOnly | BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Select(method => (method, method.GetCustomAttribute<LoggerMessageAttribute>()!))
            .Where(found => found.Item2 is not null),
    ];

    [Fact]
    public void Every_message_has_an_event_id_of_its_own()
    {
        Assert.True(Messages.Length >= 34);
        Assert.Empty(Messages.Where(found => found.Message.EventId <= 0).Select(found => $"{found.Method.DeclaringType}.{found.Method.Name} has no EventId"));
        Assert.Empty(Messages.GroupBy(found => found.Message.EventId).Where(same => same.Count() > 1)
            .Select(same => $"{same.Key}: {string.Join(", ", same.Select(found => $"{found.Method.DeclaringType}.{found.Method.Name}"))}"));
    }

    [Fact]
    public void Nothing_is_logged_but_by_generated_messages() =>
        Assert.Empty(Product.SelectMany(assembly => PlainCalls(assembly).Select(call => $"{assembly.GetName().Name} calls LoggerExtensions.{call}")));

    [Fact]
    public void The_list_of_messages_in_the_docs_is_the_program_s()
    {
        string[] listed = [.. Repository.Read("docs", "logs.md").Split('\n').Where(line => line.Length > 4 && line[0] == '|' && char.IsAsciiDigit(line[2])).Select(line => line.TrimEnd())];
        string[] made =
        [
            .. Messages.OrderBy(found => found.Message.EventId).Select(found => string.Create(
                CultureInfo.InvariantCulture,
                $"| {found.Message.EventId} | {found.Message.Level.ToString().ToLowerInvariant()} | {found.Method.Name["Log".Length..]} | `{found.Method.DeclaringType!.Name}` | {found.Message.Message} |")),
        ];

        Assert.Equal(made, listed);
    }

    // The extension methods take a template or, by mistake, an interpolated string; an assembly that uses none refers to none.
    private static IEnumerable<string> PlainCalls(Assembly assembly)
    {
        using var image = new PEReader(File.OpenRead(assembly.Location));
        MetadataReader reader = image.GetMetadataReader();
        foreach (MemberReference member in reader.MemberReferences.Select(reader.GetMemberReference).Where(member => member.Parent.Kind == HandleKind.TypeReference))
        {
            TypeReference type = reader.GetTypeReference((TypeReferenceHandle)member.Parent);
            string name = reader.GetString(member.Name);
            if (reader.GetString(type.Name) == nameof(LoggerExtensions) && name.StartsWith("Log", StringComparison.Ordinal))
                yield return name;
        }
    }
}
