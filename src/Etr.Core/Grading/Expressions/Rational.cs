using System.Numerics;

namespace Etr.Core.Grading.Expressions;

/// <summary>An exact number of bounded size; an operation that would leave the bound gives null.</summary>
internal readonly struct Rational : IEquatable<Rational>
{
    private Rational(BigInteger numerator, BigInteger denominator)
    {
        Numerator = numerator;
        Denominator = denominator;
    }

    public BigInteger Numerator { get; }

    public BigInteger Denominator { get; }

    public static Rational Zero { get; } = new(BigInteger.Zero, BigInteger.One);

    /// <summary>True if it has a finite decimal expansion: only 2 and 5 divide the denominator.</summary>
    public bool IsDecimal
    {
        get
        {
            var rest = Denominator;
            while (rest.IsEven)
                rest >>= 1;
            while (rest > 1 && rest % 5 == 0)
                rest /= 5;
            return rest.IsOne;
        }
    }

    public static Rational? Of(BigInteger numerator, BigInteger denominator)
    {
        if (denominator.IsZero || TooLong(numerator) || TooLong(denominator))
            return null;
        var divisor = BigInteger.GreatestCommonDivisor(numerator, denominator) * denominator.Sign;
        return new Rational(numerator / divisor, denominator / divisor);
    }

    public static Rational Of(int value) => new(value, BigInteger.One);

    public static Rational? operator +(Rational a, Rational b) =>
        Of(a.Numerator * b.Denominator + b.Numerator * a.Denominator, a.Denominator * b.Denominator);

    public static Rational? operator *(Rational a, Rational b) => Of(a.Numerator * b.Numerator, a.Denominator * b.Denominator);

    public static Rational? operator /(Rational a, Rational b) => Of(a.Numerator * b.Denominator, a.Denominator * b.Numerator);

    public static Rational operator -(Rational a) => new(-a.Numerator, a.Denominator);

    public Rational? Power(Rational exponent)
    {
        if (exponent.Denominator == 2)
            return SquareRoot()?.Power(new Rational(exponent.Numerator, BigInteger.One));
        if (!exponent.Denominator.IsOne || BigInteger.Abs(exponent.Numerator) > GradingLimits.Bits)
            return null;
        var n = (int)exponent.Numerator;
        var bits = Math.Max(Numerator.GetBitLength(), Denominator.GetBitLength());
        if (bits * Math.Abs(n) > GradingLimits.Bits || (n <= 0 && Numerator.IsZero))
            return null;
        var (up, down) = (BigInteger.Pow(Numerator, Math.Abs(n)), BigInteger.Pow(Denominator, Math.Abs(n)));
        return n >= 0 ? Of(up, down) : Of(down, up);
    }

    public Rational? SquareRoot()
    {
        var (up, down) = (Root(Numerator), Root(Denominator));
        return up is null || down is null ? null : new Rational(up.Value, down.Value);
    }

    public double ToDouble()
    {
        // Both may be beyond a double's range while their quotient is not.
        var shift = (int)Math.Max(Numerator.GetBitLength(), Denominator.GetBitLength()) - 1000;
        return shift <= 0 ? (double)Numerator / (double)Denominator : (double)(Numerator >> shift) / (double)(Denominator >> shift);
    }

    public bool Equals(Rational other) => Numerator == other.Numerator && Denominator == other.Denominator;

    public override bool Equals(object? obj) => obj is Rational other && Equals(other);

    public override int GetHashCode() => HashCode.Combine(Numerator, Denominator);

    private static bool TooLong(BigInteger value) => value.GetBitLength() > GradingLimits.Bits;

    private static BigInteger? Root(BigInteger value)
    {
        if (value.Sign < 0)
            return null;
        if (value < 2)
            return value;

        // Newton's method from above the root: it falls until it is exact or one below.
        var root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            var next = (root + value / root) >> 1;
            if (next >= root)
                return root * root == value ? root : null;
            root = next;
        }
    }
}
