using System.Reflection;
using Etr.Core.Rollouts;
using Etr.Core.Training;
using Etr.Grains.Learners;
using Etr.Grains.Runs;
using Etr.Grains.Samplers;

namespace Etr.Grains.Tests.Runs;

public class RunGrainTests
{
    [Fact]
    public void A_run_holds_no_reference_to_an_engine()
    {
        Type[] engines = [typeof(IRolloutEngine), typeof(IPolicyTrainer), typeof(IRolloutEngineProvider), typeof(IPolicyTrainerProvider)];
        const BindingFlags All = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;
        IEnumerable<Type> held = typeof(RunGrain).GetFields(All).Select(field => field.FieldType)
            .Concat(typeof(RunGrain).GetConstructors(All).SelectMany(constructor => constructor.GetParameters()).Select(parameter => parameter.ParameterType));
        Assert.DoesNotContain(held, type => engines.Any(engine => engine.IsAssignableFrom(type)));
    }
}
