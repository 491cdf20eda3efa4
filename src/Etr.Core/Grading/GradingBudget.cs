namespace Etr.Core.Grading;

/// <summary>Steps left to grade one response.</summary>
internal sealed class GradingBudget
{
    private int _left = GradingLimits.Steps;

    /// <summary>Takes steps, or gives up the grading.</summary>
    /// <exception cref="GradingBudgetException">None are left.</exception>
    public void Spend(int steps = 1)
    {
        _left -= steps;
        if (_left < 0)
            throw new GradingBudgetException("the answer is too complex to compare");
    }
}

/// <summary>An answer asks for more work than grading is worth.</summary>
internal sealed class GradingBudgetException(string message) : Exception(message);
