using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Etr.Core.Evaluation;
using Etr.Core.Prompts;
using Etr.Core.Runs;

namespace Etr.Silo.Evaluation;

/// <summary>Everything that decides an evaluation's figures, as one hash: what goes on under the same hash ends with the same figures.</summary>
internal static class EvaluationIdentity
{
    /// <summary>The hash.</summary>
    /// <param name="plan">Policy, prompts, seed and sampling.</param>
    /// <param name="configuration">Engine, template, grader and constants of the trend.</param>
    public static string Of(EvaluationPlan plan, RunConfiguration configuration)
    {
        using SHA256 hash = SHA256.Create();
        using (var stream = new CryptoStream(Stream.Null, hash, CryptoStreamMode.Write, leaveOpen: true))
        {
            stream.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(new
            {
                plan.Policy.Sha256,
                plan.Sampling,
                plan.Samples,
                plan.Seed,
                Engine = configuration.Policy.ToEngineKind(),
                configuration.Task.Grader,
                configuration.Task.GraderAssembly,
                configuration.Reward.Preset,
                configuration.Reward.Shaper,
                configuration.Reward.Alpha,
                configuration.Reward.Beta,
                configuration.Reward.Gamma,
            })));
            PreparedPrompts.Write(plan.Prompts, stream, CancellationToken.None);
        }

        return Convert.ToHexStringLower(hash.Hash!);
    }
}
