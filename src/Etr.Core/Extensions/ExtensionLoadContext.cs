using System.Reflection;
using System.Runtime.Loader;

namespace Etr.Core.Extensions;

/// <summary>
/// Where an assembly of the user's own is loaded, with what lies beside it. What the program itself has loaded is shared, so
/// that Etr.Core's interfaces are the same types on both sides.
/// </summary>
/// <remarks>
/// Not collectible: a class that was asked for stays in use as long as its run, and a call that was given up may still be
/// running its code, which would keep the context alive anyway.
/// </remarks>
internal sealed class ExtensionLoadContext(string path) : AssemblyLoadContext(Path.GetFileName(path), isCollectible: false)
{
    // A dll, not a data set.
    private const long MaximumBytes = 256L << 20;

    private readonly AssemblyDependencyResolver _resolver = new(path);

    /// <summary>Makes an object of a class in an assembly.</summary>
    /// <typeparam name="T">The interface it has.</typeparam>
    /// <param name="path">The assembly.</param>
    /// <param name="typeName">The class's full name.</param>
    /// <returns>A factory of objects of the class; none has been made yet, and none of the class's own code has run.</returns>
    /// <exception cref="ExtensionException">The assembly, the class or its constructor is not to be had.</exception>
    public static Func<T> FactoryOf<T>(string path, string typeName)
        where T : class
    {
        string full = Path.GetFullPath(path);
        if (!File.Exists(full))
            throw new ExtensionException($"the assembly {full} does not exist");
        if (new FileInfo(full).Length > MaximumBytes)
            throw new ExtensionException($"{full} is larger than any assembly that is loaded ({MaximumBytes >> 20} MiB)");
        try
        {
            Type type = new ExtensionLoadContext(full).LoadFromAssemblyPath(full).GetType(typeName)
                ?? throw new ExtensionException($"{full} has no class {typeName}");
            if (!typeof(T).IsAssignableFrom(type) || type.IsAbstract)
                throw new ExtensionException($"{typeName} of {full} is no class with the interface {typeof(T).FullName}");
            if (type.GetConstructor(Type.EmptyTypes) is null)
                throw new ExtensionException($"{typeName} of {full} has no public constructor without parameters");
            return () => (T)Activator.CreateInstance(type)!;
        }
        catch (Exception exception) when (exception is BadImageFormatException or IOException or TypeLoadException or ArgumentException or UnauthorizedAccessException)
        {
            throw new ExtensionException($"{typeName} cannot be loaded from {full}: {exception.Message}", exception);
        }
    }

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        // Null leaves it to the default context: the program's own, and the base library.
        if (Default.Assemblies.Any(loaded => loaded.GetName().Name == assemblyName.Name))
            return null;
        return _resolver.ResolveAssemblyToPath(assemblyName) is { } path ? LoadFromAssemblyPath(path) : null;
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName) =>
        _resolver.ResolveUnmanagedDllToPath(unmanagedDllName) is { } path ? LoadUnmanagedDllFromPath(path) : 0;
}
