using Etr.Core.Tasks;

namespace Etr.Core.Groups;

/// <summary>Judges a response to a prompt. Holds no state; safe to call from any thread.</summary>
public interface ITraceGrader
{
    /// <summary>The verdict on a response.</summary>
    TraceVerdict Grade(PromptItem prompt, string response);
}
