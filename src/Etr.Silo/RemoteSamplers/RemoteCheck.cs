using System.Globalization;
using System.Text.Json;
using Etr.Core.Rollouts;
using Etr.Core.Runs;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.Training;

namespace Etr.Silo.RemoteSamplers;

/// <summary>What is refused before a run draws through servers: in a sentence, with the way out.</summary>
internal static class RemoteCheck
{
    // Below it two log-probabilities say nothing about a temperature.
    private const double Telling = 0.05;

    /// <summary>Refuses what cannot go together, then servers that do not answer as they must.</summary>
    /// <exception cref="CommandFailure">Something is refused.</exception>
    public static async Task RunAsync(SamplersSettings settings, RunPlan plan, Terminal terminal, TimeProvider time, CancellationToken cancellationToken)
    {
        IReadOnlyList<RemoteServer> servers = RemoteServer.All(settings);
        if (Refusal(servers, settings, plan.Configuration, plan.Rewards) is { } refusal)
            throw new CommandFailure(refusal);
        if (servers.Any(server => !server.HasEntropies) && settings.Scoring == "none")
            terminal.Warn("entropies of remote samplers are those of five entries, a lower bound: the reward does not read them, but figures and pages show them (docs/endpoint.md)");
        if (servers.Count == 0)
            return;
        RemoteModel model = RemoteModel.Open(plan.Configuration.Policy.Path, plan.Configuration.Policy.Template);
        foreach (RemoteServer server in servers)
        {
            using var client = new ServerClient(server, time);
            await CheckAsync(server, async () =>
            {
                await ListedAsync(server, client, cancellationToken);

                // Another silo knows of the run's policy once there is a run.
                if (!server.IsEtr)
                    await ProbeAsync(server, client, model, plan, cancellationToken);
            });
            terminal.Line($"server     {server}, {server.Settings.Slots} traces at once");
        }
    }

    /// <summary>Refuses servers that do not answer, where the run is not known yet.</summary>
    /// <exception cref="CommandFailure">One does not answer, or does not have the model.</exception>
    public static async Task RunAsync(SamplersSettings settings, Terminal terminal, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (RemoteServer server in RemoteServer.All(settings))
        {
            using var client = new ServerClient(server, time);
            await CheckAsync(server, () => ListedAsync(server, client, cancellationToken));
            terminal.Line($"server     {server}, {server.Settings.Slots} traces at once");
            if (!server.HasEntropies && settings.Scoring == "none")
                terminal.Warn($"{server} sends no full-vocabulary entropies: it fails draws of runs whose reward reads them (Etr:Samplers:Scoring=torch scores them here)");
        }
    }

    /// <summary>Why these servers cannot draw for such a run; null where they can.</summary>
    public static string? Refusal(IReadOnlyList<RemoteServer> servers, SamplersSettings settings, RunConfiguration configuration, RewardPlan rewards)
    {
        RemoteServer? other = servers.FirstOrDefault(server => !server.IsEtr);
        if (other is null)
            return null;
        if (rewards.ReadsFullEntropy && settings.Scoring == "none")
        {
            return $"reward '{rewards.Shaper.Name}' with preset '{rewards.Preset.Name}' reads entropies of the full vocabulary, and {other} sends the five most probable tokens: "
                + "score what it draws with --set Etr:Samplers:Scoring=torch, choose --shaper reference, which reads five, or let another silo's endpoint draw (Kind=etr)";
        }

        if (configuration.Training.Lora.Rank == 0)
        {
            return $"{other} cannot be given the whole weights of each policy version: train adapters with --set Etr:Training:Lora:Rank=32 (and Alpha), "
                + "which it loads by path, or let another silo's endpoint draw (Kind=etr)";
        }

        return configuration.Sampling is { TopP: < 1 } or { TopK: > 0 }
            ? $"{other} tells log-probabilities of what truncation leaves, and the learner needs those of the whole vocabulary: leave Etr:Sampling:TopP at 1 and TopK at 0, or let another silo's endpoint draw (Kind=etr)"
            : null;
    }

    private static async Task CheckAsync(RemoteServer server, Func<Task> check)
    {
        try
        {
            await check();
        }
        catch (ServerException e)
        {
            throw new CommandFailure($"the server {server} does not do ({ServerHealth.Words(e.Fault)}): {e.Message}", inner: e);
        }
    }

    private static async Task ListedAsync(RemoteServer server, ServerClient client, CancellationToken cancellationToken)
    {
        IReadOnlyList<string> models = await client.ModelsAsync(cancellationToken);
        if (!server.IsEtr && !models.Contains(server.Settings.Model, StringComparer.Ordinal))
        {
            string listed = models.Count == 0 ? "none" : string.Join(", ", models.Take(8).Select(model => $"'{model}'"));
            throw new ServerException(ServerFault.Refused, $"it has no model '{server.Settings.Model}'; it lists {listed}");
        }
    }

    // One token tells whether ids, log-probabilities and temperature are what they must be.
    private static async Task ProbeAsync(RemoteServer server, ServerClient client, RemoteModel model, RunPlan plan, CancellationToken cancellationToken)
    {
        IReadOnlyList<int> prompt = model.Encode(RequestOf(plan, plan.Configuration.Sampling.Temperature));
        double temperature = plan.Configuration.Sampling.Temperature;
        double? asked = await SpreadAsync(server, client, model, prompt, RequestOf(plan, temperature), cancellationToken);
        if (temperature is 0 or 1)
            return;
        double? plain = await SpreadAsync(server, client, model, prompt, RequestOf(plan, 1), cancellationToken);
        if (plain > Telling && Math.Abs(asked!.Value - plain.Value) < Telling * Math.Abs(1 - 1 / temperature) * plain.Value)
        {
            throw new ServerException(ServerFault.NoLogProbs, string.Create(
                CultureInfo.InvariantCulture,
                $"its log-probabilities do not follow the temperature {temperature}: start vLLM with --logprobs-mode processed_logprobs, or draw at temperature 1"));
        }
    }

    private static RolloutRequest RequestOf(RunPlan plan, double temperature) => new(
        plan.Prompts[0].Text, 0, 0, 1, new PolicyRef(0, "", ""), plan.Configuration.Sampling with { Temperature = temperature, MaxNewTokens = 1 },
        [new RolloutSlot(0, [])], Nobody.Instance, CancellationToken.None);

    // How far the most probable token's log-probability lies above the next one's: it goes with one over the temperature.
    private static async Task<double?> SpreadAsync(
        RemoteServer server, ServerClient client, RemoteModel model, IReadOnlyList<int> prompt, RolloutRequest request, CancellationToken cancellationToken)
    {
        var call = new CompletionCall(server.Settings.Model, prompt, 0, request, [0], 1);
        var reader = new PieceReader(prompt, 1, model.Config.VocabularySize, model.TextOf, 0, measured: false);
        double? spread = null;
        bool drawn = false;
        await foreach (ReadOnlyMemory<byte> data in client.StreamAsync(call, cancellationToken))
        {
            if (reader.Read(data).All(piece => piece.Tokens.Count == 0))
                continue;
            drawn = true;
            using JsonDocument json = JsonDocument.Parse(data);
            double[] ranks = [.. json.RootElement.GetProperty("choices")[0].GetProperty("logprobs").GetProperty("top_logprobs")[0].EnumerateObject().Select(entry => entry.Value.GetDouble()).OrderDescending()];
            spread = ranks.Length > 1 ? ranks[0] - ranks[1] : 0;
        }

        return drawn ? spread : throw new ServerException(ServerFault.Garbage, "it was asked for one token and sent none");
    }

    private sealed class Nobody : IRolloutObserver
    {
        public static readonly Nobody Instance = new();

        public bool OnTokens(uint slot, IReadOnlyList<SampledToken> tokens) => false;

        public void OnEnd(uint slot, TraceEnd ending, IReadOnlyList<int> promptTokens)
        {
            // A probe asks a client, not an engine.
        }

        public void OnFailed(string reason)
        {
            // As above.
        }
    }
}
