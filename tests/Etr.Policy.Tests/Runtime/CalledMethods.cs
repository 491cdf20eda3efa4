using System.Reflection;
using System.Reflection.Emit;

namespace Etr.Policy.Tests.Runtime;

/// <summary>Which methods a method's code calls, read from its instructions.</summary>
internal static class CalledMethods
{
    private const BindingFlags Own = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
    private const byte TwoBytes = 0xFE;

    private static readonly Dictionary<short, OpCode> Instructions = typeof(OpCodes).GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => (OpCode)field.GetValue(null)!).ToDictionary(code => code.Value);

    /// <summary>All methods and constructors of an assembly, those that the compiler made too.</summary>
    public static IEnumerable<MethodBase> In(Assembly assembly) => assembly.GetTypes().SelectMany(In);

    /// <summary>A type's own methods and constructors.</summary>
    public static IEnumerable<MethodBase> In(Type type) => type.GetMethods(Own).Concat<MethodBase>(type.GetConstructors(Own));

    /// <summary>What a method calls, in the order of its code; a generic method as its definition.</summary>
    public static IEnumerable<MethodBase> Of(MethodBase method)
    {
        byte[] code = method.GetMethodBody()?.GetILAsByteArray() ?? [];
        for (int at = 0; at < code.Length;)
        {
            OpCode instruction = Instructions[code[at] == TwoBytes ? (short)(TwoBytes << 8 | code[at + 1]) : code[at]];
            at += instruction.Size;
            if (instruction.OperandType == OperandType.InlineMethod)
                yield return Resolve(method, BitConverter.ToInt32(code, at));
            at += SizeOf(instruction.OperandType, code, at);
        }
    }

    private static MethodBase Resolve(MethodBase within, int token)
    {
        MethodBase called = within.Module.ResolveMethod(
            token, within.DeclaringType?.GetGenericArguments(), within.IsGenericMethod ? within.GetGenericArguments() : null)!;
        return called is MethodInfo { IsGenericMethod: true } generic ? generic.GetGenericMethodDefinition() : called;
    }

    // ECMA-335, partition III, 1.2.
    private static int SizeOf(OperandType operand, byte[] code, int at) => operand switch
    {
        OperandType.InlineNone => 0,
        OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
        OperandType.InlineVar => 2,
        OperandType.InlineI8 or OperandType.InlineR => 8,
        OperandType.InlineSwitch => 4 + 4 * BitConverter.ToInt32(code, at),
        _ => 4,
    };
}
