using System.Buffers.Binary;
using System.Text;
using Etr.Core.Grading;
using Etr.Core.Groups;
using Etr.Core.Rewards;
using Etr.Core.Rollouts;
using Etr.Core.Runs;

namespace Etr.Core.Tests.Groups;

public class GroupBodyTests
{
    private static readonly RewardPlan Plan = RewardPlan.Of(new RewardOptions());

    private static Trace TraceOf(params float[] stepEntropies) => Trace.Of(
        [.. stepEntropies.Select((entropy, step) => new SampledToken(step, $"step {step}\n\n", -0.25f, entropy, 0.125f, false, 4))],
        truncated: false);

    private static async Task<GroupBody> BodyAsync(long ordinal, params (bool Right, float[] Steps)[] traces) => new(
        ordinal, 7, 2, 4, [1, 2, 3],
        await GroupScorer.ScoreAsync(
            [.. traces.Select(trace => TraceOf(trace.Steps))],
            [.. traces.Select(trace => new Verdict(trace.Right, trace.Right ? "5" : null, "because"))],
            Plan,
            GroupIdentity.None));

    [Fact]
    public async Task A_group_comes_back_from_its_bytes_and_gives_the_same_bytes_again()
    {
        GroupBody body = await BodyAsync(11, (true, [1f, 0.5f]), (false, [0.5f]));
        byte[] bytes = GroupBodyCodec.Write(body);
        GroupBody back = GroupBodyCodec.Read(bytes);

        Assert.Equal((11, 7, 2, 4L), (back.Ordinal, back.Prompt, back.Round, back.PolicyVersion));
        Assert.Equal(body.PromptTokens, back.PromptTokens);
        Assert.Equal(body.Traces.Select(trace => trace.Payment), back.Traces.Select(trace => trace.Payment));
        Assert.Equal(body.Traces.Select(trace => trace.Verdict), back.Traces.Select(trace => trace.Verdict));
        Assert.Equal(body.Traces[0].Tokens, back.Traces[0].Tokens);
        Assert.Equal(bytes, GroupBodyCodec.Write(back));
    }

    [Fact]
    public async Task A_group_of_the_first_format_is_still_read()
    {
        // As it was written: format 1, and a header that knows neither unscored traces nor parts of a reward.
        GroupBody body = await BodyAsync(11, (true, [1f, 0.5f]), (false, [0.5f]));
        const string Rest = """ "Extracted":"5","Reason":"because"},"Payment":{"Reward":1,"Trend":0,"CorrectnessTerm":1,"TrendTerm":0,"Advantage":0.25}}""";
        byte[] header = Encoding.UTF8.GetBytes(
            """{"Ordinal":11,"Prompt":7,"Round":2,"PolicyVersion":4,"PromptTokens":[1,2,3],"Traces":[{"Truncated":false,"Verdict":{"Correct":true,""" + Rest
            + """,{"Truncated":false,"Verdict":{"Correct":false,""" + Rest + "]}");
        using var file = new MemoryStream();
        file.Write("ETRG"u8);
        file.Write(BitConverter.GetBytes(1));
        foreach (byte[] part in new[] { header, TokenFrame.Pack(body.Traces[0].Tokens), TokenFrame.Pack(body.Traces[1].Tokens) })
        {
            file.Write(BitConverter.GetBytes(part.Length));
            file.Write(part);
        }

        GroupBody back = GroupBodyCodec.Read(file.ToArray());
        Assert.Equal([true, false], back.Traces.Select(trace => trace.Verdict.Correct));
        Assert.All(back.Traces, trace => Assert.True(trace.Unscorable is null && !trace.Verdict.Unscorable && trace.Parts.Count == 0 && trace.Payment.Advantage == .25));
        byte[] newer = GroupBodyCodec.Write(body);
        newer[4] = 3;
        Assert.Throws<InvalidDataException>(() => GroupBodyCodec.Read(newer));
    }

    [Fact]
    public async Task Bytes_cut_anywhere_are_refused()
    {
        byte[] bytes = GroupBodyCodec.Write(await BodyAsync(0, (true, [1f])));
        for (int length = 0; length < bytes.Length; length++)
            Assert.Throws<InvalidDataException>(() => GroupBodyCodec.Read(bytes.AsSpan(0, length)));
        Assert.Throws<InvalidDataException>(() => GroupBodyCodec.Read([.. bytes, 0]));
    }

    [Fact]
    public async Task A_part_that_claims_more_than_there_is_is_refused()
    {
        byte[] bytes = GroupBodyCodec.Write(await BodyAsync(0, (true, [1f])));
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(8), int.MaxValue);
        Assert.Throws<InvalidDataException>(() => GroupBodyCodec.Read(bytes));
    }

    [Fact]
    public Task A_token_without_a_finite_entropy_is_not_scored() =>
        Assert.ThrowsAsync<ArgumentException>(() => BodyAsync(0, (true, [float.NaN])));

    [Fact]
    public async Task A_batch_is_measured_over_all_its_traces()
    {
        GroupBody[] batch =
        [
            await BodyAsync(0, (true, [1f, 0.5f]), (true, [1f, 0.5f, 0.75f])),
            await BodyAsync(1, (true, [1f]), (false, [1f])),
            await BodyAsync(2, (false, [1f]), (false, [1f])),
        ];
        double[][] advantages = GroupScorer.Advantages(batch, Plan);
        BatchStatistics statistics = BatchStatistics.Of(batch, advantages, Plan);

        Assert.Equal((1, 1, 1), (statistics.AllRight, statistics.Mixed, statistics.AllWrong));
        Assert.Equal(1, statistics.ZeroAdvantage);
        Assert.Equal(9, statistics.Tokens);
        Assert.Equal(3, statistics.LengthP95);
        Assert.Equal(0.5, statistics.Traces.Accuracy);

        // (1 + 0.5 + 1 + 0.5 + 0.75 + 4 times 1) over nine steps.
        Assert.Equal(7.75 / 9, statistics.StepEntropy, 12);

        // Nine entropies: 0.5, 0.5, 0.75 and six times 1. The first steps are all 1, the second 0.5, one trace has a third.
        Assert.Equal((0.5, 1.0), statistics.StepEntropyBand);
        Assert.Equal([1, 0.5, 0.75], statistics.EntropyByStep);
        Assert.Equal((-1.0, 1.0), statistics.RewardBand);

        // The one rise, of 0.25 in the last step, costs 0.25.
        Assert.Equal(-0.25 / 6, statistics.Traces.Trend, 12);
        Assert.True(advantages[0][0] > advantages[0][1]);
    }

    [Fact]
    public async Task An_estimator_that_scales_by_the_batch_waits_for_it()
    {
        RewardPlan plan = RewardPlan.Of(new RewardOptions { Shaper = "outcome", Estimator = "batch" });
        GroupTrace[] scored = await GroupScorer.ScoreAsync([TraceOf(1), TraceOf(1)], [new Verdict(true, "1", ""), new Verdict(false, "2", "")], plan, GroupIdentity.None);
        Assert.All(scored, trace => Assert.Equal(0, trace.Payment.Advantage));

        GroupBody[] batch = [new(0, 0, 0, 0, [1], scored), new(1, 0, 0, 0, [1], scored)];
        double[][] advantages = GroupScorer.Advantages(batch, plan);

        // Rewards 1, -1, 1, -1: mean 0, std with n - 1 is sqrt(4/3).
        Assert.Equal([[1 / Math.Sqrt(4 / 3.0), -1 / Math.Sqrt(4 / 3.0)], [1 / Math.Sqrt(4 / 3.0), -1 / Math.Sqrt(4 / 3.0)]], advantages, (left, right) => left.Zip(right).All(pair => Math.Abs(pair.First - pair.Second) < 1e-5));
    }
}
