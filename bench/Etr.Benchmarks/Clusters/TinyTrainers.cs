using System.Text;
using Etr.Core.Files;
using Etr.Core.Policies;
using Etr.Core.Runs;
using Etr.Core.Training;
using Etr.Grains.Learners;

namespace Etr.Benchmarks.Clusters;

/// <summary>Trainers that answer at once and write checkpoints and policies of a few bytes.</summary>
internal sealed class TinyTrainers : IPolicyTrainerProvider
{
    public Task<IPolicyTrainer> OpenAsync(string run, RunConfiguration configuration, FileRef policyFile, CancellationToken cancellationToken) =>
        Task.FromResult<IPolicyTrainer>(new TinyTrainer(run));

    public Task<IReadOnlyList<ManifestPart>> PartsAsync(string policyFile, CancellationToken cancellationToken) =>
        Task.FromResult(PartHashes.Of(PolicyManifest.WeightsFile, File.ReadAllBytes(policyFile)).Parts);

    private sealed class TinyTrainer(string run) : IPolicyTrainer
    {
        private int _step;

        public Task<TrainingStep> StepAsync(TrainingBatch batch, CancellationToken cancellationToken)
        {
            _step = batch.Step;
            return Task.FromResult(new TrainingStep
            {
                Step = batch.Step,
                Applied = true,
                Loss = 0,
                GradientNorm = 0,
                LearningRate = 0,
                Kl = 0,
                Entropy = 0,
                Ratio = 1,
                ClippedLow = 0,
                ClippedHigh = 0,
                SamplerGap = 0,
                SamplerGapMaximum = 0,
                Tokens = batch.Groups.Sum(group => group.Traces.Sum(trace => (long)trace.Tokens.Count)),
                Duration = TimeSpan.Zero,
            });
        }

        public async Task<SavedPolicy> SaveAsync(string checkpoints, string policies, CancellationToken cancellationToken)
        {
            FileRef checkpoint = await WriteAsync(checkpoints, $"checkpoint {_step} of {run}", cancellationToken);
            FileRef policy = await WriteAsync(policies, $"policy {_step} of {run}", cancellationToken);
            return new SavedPolicy(checkpoint, policy, [new ManifestPart("", 0, new FileInfo(policy.Path).Length, policy.Sha256)]);
        }

        public Task LoadAsync(FileRef checkpoint, CancellationToken cancellationToken) => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private static async Task<FileRef> WriteAsync(string directory, string content, CancellationToken cancellationToken)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(content);
            string sha256 = DurableFile.Sha256(bytes);
            string path = Path.Combine(directory, sha256 + ".safetensors");
            await DurableFile.WriteAsync(path, bytes, cancellationToken);
            return new FileRef(path, sha256);
        }
    }
}
