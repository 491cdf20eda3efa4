using Etr.Silo.Cli;
using Etr.Silo.Tests.Cli;

namespace Etr.Silo.Tests.Doctor;

public sealed class DoctorTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("etr-doctor-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task A_machine_that_builds_this_is_well()
    {
        Invocation call = await Invocation.RunAsync("doctor", "--set", $"Etr:Data={_data}", "--set", "Etr:Dashboard:Port=0");

        Assert.True(call.Code == ExitCodes.Done, call.Output);
        Assert.DoesNotContain("FAIL", call.Output, StringComparison.Ordinal);
        Assert.Contains("libtorch", call.Output, StringComparison.Ordinal);
        Assert.Contains("ok    driver", call.Output, StringComparison.Ordinal);
        Assert.Contains("dtypes     cpu: f32 off by", call.Output, StringComparison.Ordinal);
        Assert.Contains("parity     cpu: torch engine against cpu engine", call.Output, StringComparison.Ordinal);
        Assert.Contains("store      opens on 127.0.0.1:", call.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_missing_is_told_and_the_rest_is_looked_at_all_the_same()
    {
        Invocation call = await Invocation.RunAsync(
            "doctor", "--set", $"Etr:Data={_data}", "--set", "Etr:Dashboard:Port=0", "--set", "Etr:Policy:Path=/nowhere/at/all");

        Assert.Equal(ExitCodes.Failed, call.Code);
        Assert.Contains("FAIL  model", call.Output, StringComparison.Ordinal);
        Assert.Contains("ok    store", call.Output, StringComparison.Ordinal);
    }
}
