using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Etr.Grains.Hosting;

/// <summary>How this program's exceptions come from one process to another.</summary>
public static class EtrExceptions
{
    private const string Namespace = "Etr";

    /// <summary>
    /// Lets Orleans send them, and read them: their type, message and stack, not what else they have. Without it a caller on another silo
    /// is told that there is no codec, and not what went wrong. For each silo and each client.
    /// </summary>
    /// <param name="services">The services of a silo or client.</param>
    public static IServiceCollection AddEtrExceptions(this IServiceCollection services) =>
        services.Configure<ExceptionSerializationOptions>(options => options.SupportedNamespacePrefixes.Add(Namespace));
}
