namespace Etr.Policy.Training;

/// <summary>How the losses of a step's tokens become one number.</summary>
public enum AggregationMode
{
    /// <summary>Mean over all tokens that count.</summary>
    TokenMean,

    /// <summary>Mean over traces of each trace's token mean.</summary>
    SequenceMeanTokenMean,

    /// <summary>Mean over traces of each trace's token sum.</summary>
    SequenceMeanTokenSum,

    /// <summary>Sum over tokens ÷ (traces × a constant): long and short traces' tokens weigh the same in every step.</summary>
    Constant,
}
