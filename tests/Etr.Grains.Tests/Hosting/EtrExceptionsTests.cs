using Etr.Core.Extensions;
using Etr.Core.Prompts;
using Etr.Grains.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Serialization;

namespace Etr.Grains.Tests.Hosting;

public sealed class EtrExceptionsTests : IDisposable
{
    private readonly ServiceProvider _services = new ServiceCollection().AddSerializer().AddEtrExceptions().BuildServiceProvider();

    public void Dispose() => _services.Dispose();

    [Fact]
    public void A_caller_elsewhere_is_told_which_row_is_bad()
    {
        PromptFileException came = Assert.IsType<PromptFileException>(Sent(new PromptFileException(new BadRow("/data/train.jsonl", 17, "there is no answer"))));
        Assert.Equal("/data/train.jsonl:17: there is no answer", came.Message);
    }

    [Fact]
    public void And_what_is_wrong_with_an_extension_and_where_it_came_from()
    {
        Exception thrown = Assert.Throws<ExtensionException>(NotFound);
        ExtensionException came = Assert.IsType<ExtensionException>(Sent(new ExtensionException("it could not be made", thrown)));
        Assert.Equal(("it could not be made", "there is no class Mine.Shaper"), (came.Message, came.InnerException!.Message));
        Assert.Contains(nameof(NotFound), came.InnerException.StackTrace, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_it_there_would_be_no_codec()
    {
        using ServiceProvider bare = new ServiceCollection().AddSerializer().BuildServiceProvider();
        Assert.Throws<CodecNotFoundException>(() => bare.GetRequiredService<Serializer>().SerializeToArray<Exception>(new PromptFileException("it has no prompt")));
    }

    private static void NotFound() => throw new ExtensionException("there is no class Mine.Shaper");

    // As the answer of a call: of a type that is not known before.
    private Exception Sent(Exception exception)
    {
        Serializer serializer = _services.GetRequiredService<Serializer>();
        return serializer.Deserialize<Exception>(serializer.SerializeToArray(exception))!;
    }
}
