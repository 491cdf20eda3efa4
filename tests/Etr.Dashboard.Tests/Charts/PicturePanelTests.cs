using Bunit;
using Etr.Dashboard.Charts;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Microsoft.JSInterop;

namespace Etr.Dashboard.Tests.Charts;

public sealed class PicturePanelTests : BunitContext
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public async Task A_script_that_fails_is_given_everything_anew_and_ends_no_circuit()
    {
        Services.AddSingleton<TimeProvider>(_time).AddOptions<DashboardOptions>();
        BunitJSModuleInterop module = JSInterop.SetupModule("./assets/still.js");
        Attached picture = Attach(module);
        picture.Push.SetException(new JSException("the canvas has gone"));
        IRenderedComponent<Still> panel = Render<Still>();
        panel.WaitForAssertion(() => Assert.Equal((1, 1), (panel.Instance.Frames, panel.Instance.Losses)));

        picture.Push.SetResult(true);
        _time.Advance(TimeSpan.FromSeconds(1));
        panel.WaitForAssertion(() => Assert.Equal((2, 1), (panel.Instance.Frames, panel.Instance.Losses)));

        picture.Close.SetException(new JSException("the canvas has gone"));
        await panel.Instance.DisposeAsync();
    }

    private static Attached Attach(BunitJSModuleInterop module)
    {
        BunitJSModuleInterop attached = module.SetupModule(call => call.Identifier == "attach");
        return new Attached(attached.Setup<bool>("push", _ => true), attached.SetupVoid("dispose"));
    }

    private sealed record Attached(JSRuntimeInvocationHandler<bool> Push, JSRuntimeInvocationHandler Close);

    private sealed class Still : PicturePanel
    {
        public int Frames { get; private set; }

        public int Losses { get; private set; }

        protected override string ScriptName => "still.js";

        protected override object Options => new();

        protected override byte[]? NextFrame()
        {
            Frames++;
            return [1];
        }

        protected override void Lost() => Losses++;
    }
}
