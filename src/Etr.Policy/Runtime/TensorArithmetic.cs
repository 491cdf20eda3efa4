using TorchSharp;

namespace Etr.Policy.Runtime;

/// <summary>
/// What is done to tensors with numbers, and the operations in which TorchSharp has a number of its own: a sum's factor 1, a square's
/// exponent. TorchSharp hands the bare pointer of a <see cref="Scalar"/> to native code and then holds it no longer, so that a garbage collection
/// during the call frees what the call reads ("Unknown scalar type", or another number). Here each outlives its call. A test finds
/// calls elsewhere in this assembly that make one.
/// </summary>
internal static class TensorArithmetic
{
    // Never freed.
    private static readonly Scalar None = 0;
    private static readonly Scalar One = 1;
    private static readonly Scalar Two = 2;

    /// <summary>0, 1, … as a vector.</summary>
    /// <param name="count">How many numbers.</param>
    /// <param name="type">Their type.</param>
    /// <param name="device">Where.</param>
    public static torch.Tensor Count(long count, torch.ScalarType type, torch.Device? device = null)
    {
        using Scalar end = count;
        return torch.arange(None, end, One, type, device);
    }

    /// <summary>tensor + other.</summary>
    public static torch.Tensor Plus(this torch.Tensor tensor, torch.Tensor other) => tensor.add(other, One);

    /// <summary>tensor + number.</summary>
    public static torch.Tensor Plus(this torch.Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.add(scalar, One);
    }

    /// <summary>tensor − number.</summary>
    public static torch.Tensor Minus(this torch.Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.sub(scalar);
    }

    /// <summary>tensor · number.</summary>
    public static torch.Tensor Times(this torch.Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.mul(scalar);
    }

    /// <summary>tensor².</summary>
    public static torch.Tensor Squared(this torch.Tensor tensor) => tensor.pow(Two);

    /// <summary>Its values held to [low, high].</summary>
    public static torch.Tensor Clamped(this torch.Tensor tensor, double low, double high)
    {
        using Scalar least = low;
        using Scalar most = high;
        return tensor.clamp(least, most);
    }

    /// <summary>The smaller of each value and <paramref name="most"/>.</summary>
    public static torch.Tensor AtMost(this torch.Tensor tensor, double most)
    {
        using Scalar scalar = most;
        return tensor.clamp_max(scalar);
    }

    /// <summary>Its values, but <paramref name="number"/> where the mask is true.</summary>
    public static torch.Tensor Filled(this torch.Tensor tensor, torch.Tensor mask, double number)
    {
        using Scalar scalar = number;
        return tensor.masked_fill(mask, scalar);
    }

    /// <summary>Its values, with rows of <paramref name="values"/> added at the places of <paramref name="index"/> along a dimension.</summary>
    public static torch.Tensor PlusAt(this torch.Tensor tensor, long dimension, torch.Tensor index, torch.Tensor values) =>
        tensor.index_add(dimension, index, values, One);

    /// <summary>Whether each value is above a number.</summary>
    public static torch.Tensor IsAbove(this torch.Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.gt(scalar);
    }

    /// <summary>Whether each value is below a number.</summary>
    public static torch.Tensor IsBelow(this torch.Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.lt(scalar);
    }

    /// <summary>Whether each value is a number or above it.</summary>
    public static torch.Tensor IsAtLeast(this torch.Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.ge(scalar);
    }

    /// <summary>tensor += other.</summary>
    public static torch.Tensor AddInPlace(this torch.Tensor tensor, torch.Tensor other) => tensor.add_(other, One);

    /// <summary>tensor += factor · other.</summary>
    public static torch.Tensor AddInPlace(this torch.Tensor tensor, torch.Tensor other, double factor)
    {
        using Scalar scalar = factor;
        return tensor.add_(other, scalar);
    }

    /// <summary>tensor += number.</summary>
    public static torch.Tensor AddInPlace(this torch.Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.add_(scalar, One);
    }

    /// <summary>tensor −= number.</summary>
    public static torch.Tensor SubtractInPlace(this torch.Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.sub_(scalar);
    }

    /// <summary>tensor *= number.</summary>
    public static torch.Tensor MultiplyInPlace(this torch.Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.mul_(scalar);
    }

    /// <summary>tensor /= number.</summary>
    public static torch.Tensor DivideInPlace(this torch.Tensor tensor, double number)
    {
        using Scalar scalar = number;
        return tensor.div_(scalar);
    }

    /// <summary>tensor += factor · left · right.</summary>
    public static torch.Tensor AddProductInPlace(this torch.Tensor tensor, torch.Tensor left, torch.Tensor right, double factor = 1.0)
    {
        using Scalar scalar = factor;
        return tensor.addcmul_(left, right, scalar);
    }

    /// <summary>tensor += factor · over / under.</summary>
    public static torch.Tensor AddQuotientInPlace(this torch.Tensor tensor, torch.Tensor over, torch.Tensor under, double factor)
    {
        using Scalar scalar = factor;
        return tensor.addcdiv_(over, under, scalar);
    }

    /// <summary>Each value of an integer tensor becomes the smaller of itself and <paramref name="most"/>.</summary>
    public static torch.Tensor LimitInPlace(this torch.Tensor tensor, long most)
    {
        using Scalar scalar = most;
        return tensor.clamp_max_(scalar);
    }

    /// <summary>Sets it to a number where the mask is true.</summary>
    public static torch.Tensor FillInPlace(this torch.Tensor tensor, torch.Tensor mask, double number)
    {
        using Scalar scalar = number;
        return tensor.masked_fill_(mask, scalar);
    }

    /// <summary>Sets the places of <paramref name="index"/> along a dimension to zero.</summary>
    public static torch.Tensor ZeroInPlace(this torch.Tensor tensor, long dimension, torch.Tensor index) => tensor.index_fill_(dimension, index, None);
}
