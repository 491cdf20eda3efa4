using System.Reflection;
using Etr.Policy.Runtime;
using TorchSharp;

namespace Etr.Policy.Tests.Runtime;

/// <summary>
/// A Scalar of TorchSharp's may be freed while native code reads it: this assembly makes them in <see cref="TensorArithmetic"/> alone, which
/// keeps them. Tests call TorchSharp as it is, so none may run beside the collector here.
/// </summary>
[CollectionDefinition(nameof(TensorArithmeticTests), DisableParallelization = true)]
[Collection(nameof(TensorArithmeticTests))]
public sealed class TensorArithmeticTests
{
    // TorchSharp's methods that make a Scalar, or call another that does.
    private static readonly Lazy<HashSet<MethodBase>> Makers = new(FindMakers);

    public TensorArithmeticTests() => TorchRuntime.Start("cpu", 1);

    [Fact]
    public void Nothing_but_it_makes_a_Scalar() =>
        Assert.Empty(CalledMethods.In(typeof(TensorArithmetic).Assembly).Where(method => method.DeclaringType != typeof(TensorArithmetic)).SelectMany(Unsafe));

    [Fact]
    public void It_calls_nothing_that_makes_one_within() =>
        Assert.DoesNotContain(CalledMethods.In(typeof(TensorArithmetic)).SelectMany(CalledMethods.Of), called => !Makes(called) && Makers.Value.Contains(called));

    [Fact]
    public void It_disposes_of_each_that_it_does_not_keep() => Assert.All(
        CalledMethods.In(typeof(TensorArithmetic)).Where(method => method != typeof(TensorArithmetic).TypeInitializer),
        method => Assert.Equal(CalledMethods.Of(method).Count(Makes), CalledMethods.Of(method).Count(called => called == typeof(IDisposable).GetMethod(nameof(IDisposable.Dispose)))));

    [Theory]
    [InlineData(nameof(Careless.Literal))]
    [InlineData(nameof(Careless.Sum))]
    [InlineData(nameof(Careless.Operator))]
    [InlineData(nameof(Careless.Product))]
    [InlineData(nameof(Careless.Square))]
    [InlineData(nameof(Careless.Range))]
    public void A_call_that_makes_one_elsewhere_is_found(string name) => Assert.NotEmpty(Unsafe(typeof(Careless).GetMethod(name)!));

    [Fact]
    public void Its_results_are_right_while_the_collector_runs()
    {
        using var done = new CancellationTokenSource();
        var collector = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                GC.Collect(0, GCCollectionMode.Forced, blocking: true);
                GC.WaitForPendingFinalizers();
            }
        });
        collector.Start();
        try
        {
            using torch.Tensor four = torch.full(8, 4.0f);
            for (int i = 0; i < 10_000; i++)
            {
                using DisposeScope scope = torch.NewDisposeScope();
                Assert.Equal(2.0f, four.Times(0.5)[7].item<float>());
                Assert.Equal(20.0f, four.Squared().Plus(four)[7].item<float>());
                Assert.Equal(3.0f, four.Clamped(-1.0, 3.0)[7].item<float>());
            }
        }
        finally
        {
            done.Cancel();
            collector.Join();
        }
    }

    [Fact]
    public void Each_operation_does_what_its_name_says()
    {
        using DisposeScope scope = torch.NewDisposeScope();
        torch.Tensor left = torch.tensor([1.0, -2.0, 4.0]);
        torch.Tensor right = torch.tensor([3.0, 5.0, -1.0]);
        torch.Tensor second = torch.tensor([1L]);
        torch.Tensor mask = torch.tensor([true, false, true]);

        Assert.Equal([0L, 1L, 2L], TensorArithmetic.Count(3, torch.int64).data<long>());
        AssertIs([4, 3, 3], left.Plus(right));
        AssertIs([1.5, -1.5, 4.5], left.Plus(0.5));
        AssertIs([0.5, -2.5, 3.5], left.Minus(0.5));
        AssertIs([0.5, -1, 2], left.Times(0.5));
        AssertIs([1, 4, 16], left.Squared());
        AssertIs([1, -1, 2], left.Clamped(-1, 2));
        AssertIs([1, -2, 2], left.AtMost(2));
        AssertIs([9, -2, 9], left.Filled(mask, 9));
        AssertIs([1, 5, 4], left.PlusAt(0, second, torch.tensor([7.0])));
        AssertIs([0, 0, 1], left.IsAbove(1).to(torch.float64));
        AssertIs([0, 1, 0], left.IsBelow(1).to(torch.float64));
        AssertIs([1, 0, 1], left.IsAtLeast(1).to(torch.float64));
        AssertIs([4, 3, 3], left.clone().AddInPlace(right));
        AssertIs([7, 8, 2], left.clone().AddInPlace(right, 2));
        AssertIs([1.5, -1.5, 4.5], left.clone().AddInPlace(0.5));
        AssertIs([0.5, -2.5, 3.5], left.clone().SubtractInPlace(0.5));
        AssertIs([0.5, -1, 2], left.clone().MultiplyInPlace(0.5));
        AssertIs([2, -4, 8], left.clone().DivideInPlace(0.5));
        AssertIs([4, -12, 0], left.clone().AddProductInPlace(left, right));
        AssertIs([7, -22, -4], left.clone().AddProductInPlace(left, right, 2));
        AssertIs([7, -7, 3.5], left.clone().AddQuotientInPlace(right, left, 2));
        AssertIs([9, -2, 9], left.clone().FillInPlace(mask, 9));
        AssertIs([1, 0, 4], left.clone().ZeroInPlace(0, second));
        Assert.Equal([1L, 2L], torch.tensor([1L, 3L]).LimitInPlace(2).data<long>());
    }

    private static void AssertIs(double[] expected, torch.Tensor actual) => Assert.Equal(expected, actual.data<double>());

    private static bool Makes(MethodBase method) => method is MethodInfo { ReturnType: { } type } && type == typeof(Scalar);

    private static IEnumerable<string> Unsafe(MethodBase method) => CalledMethods.Of(method)
        .Where(called => Makes(called) || Makers.Value.Contains(called)).Select(called => $"{method.DeclaringType}.{method.Name} calls {called.DeclaringType}.{called}");

    private static HashSet<MethodBase> FindMakers()
    {
        Dictionary<MethodBase, MethodBase[]> calls = CalledMethods.In(typeof(Scalar).Assembly).ToDictionary(method => method, method => CalledMethods.Of(method).ToArray());
        var found = new HashSet<MethodBase>(calls.Where(method => method.Value.Any(Makes)).Select(method => method.Key));
        int before;
        do
        {
            before = found.Count;
            found.UnionWith(calls.Where(method => method.Value.Any(found.Contains)).Select(method => method.Key).ToArray());
        }
        while (found.Count > before);
        return found;
    }

    /// <summary>What must not be written in the assembly; never run.</summary>
    private static class Careless
    {
        public static torch.Tensor Literal(torch.Tensor x) => x.mul(0.5);

        public static torch.Tensor Sum(torch.Tensor x) => x.add(x);

        public static torch.Tensor Operator(torch.Tensor x) => x + x;

        public static torch.Tensor Product(torch.Tensor x) => x * 0.5;

        public static torch.Tensor Square(torch.Tensor x) => x.square();

        public static torch.Tensor Range() => torch.arange(3L);
    }
}
