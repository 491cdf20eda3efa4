using System.Collections.Concurrent;
using System.Text;
using Etr.Core.Files;
using Etr.Core.Policies;
using Etr.Core.Runs;
using Etr.Core.Training;
using Etr.Grains.Learners;

namespace Etr.Grains.Tests.Fakes;

/// <summary>Makes trainers that record what they are given and do what the test says.</summary>
internal sealed class FakeTrainers : IPolicyTrainerProvider
{
    /// <summary>Runs before a step is answered.</summary>
    public Func<TrainingBatch, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>Whether a step's update is applied.</summary>
    public Func<int, bool> IsApplied { get; set; } = _ => true;

    /// <summary>What a step says of its tokens.</summary>
    public Func<TrainingBatch, IReadOnlyList<LearnerTrace>> LearnerTraces { get; set; } = _ => [];

    public ConcurrentQueue<TrainingBatch> Batches { get; } = [];

    public ConcurrentQueue<FileRef> Loaded { get; } = [];

    /// <summary>Done once a trainer has been given up.</summary>
    public TaskCompletionSource Disposed { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<IPolicyTrainer> OpenAsync(string run, RunConfiguration configuration, FileRef policyFile, CancellationToken cancellationToken) =>
        Task.FromResult<IPolicyTrainer>(new Trainer(this));

    public Task<IReadOnlyList<ManifestPart>> PartsAsync(string policyFile, CancellationToken cancellationToken) =>
        Task.FromResult(PartHashes.Of("model.safetensors", File.ReadAllBytes(policyFile)).Parts);

    private sealed class Trainer(FakeTrainers owner) : IPolicyTrainer
    {
        private int _step;

        public async Task<TrainingStep> StepAsync(TrainingBatch batch, CancellationToken cancellationToken)
        {
            owner.Batches.Enqueue(batch);
            await owner.Before(batch).WaitAsync(cancellationToken);
            _step = batch.Step;
            return new TrainingStep
            {
                Step = batch.Step,
                Applied = owner.IsApplied(batch.Step),
                Loss = 0.5,
                GradientNorm = 1,
                LearningRate = 0.001,
                Kl = 0,
                Entropy = 0.25,
                Ratio = 1,
                ClippedLow = 0,
                ClippedHigh = 0,
                SamplerGap = 0,
                SamplerGapMaximum = 0,
                LearnerTraces = owner.LearnerTraces(batch),
                Tokens = batch.Groups.Sum(group => group.Traces.Sum(trace => trace.Tokens.Count)),
                Duration = TimeSpan.FromMilliseconds(1),
            };
        }

        public async Task<SavedPolicy> SaveAsync(string checkpoints, string policies, CancellationToken cancellationToken)
        {
            FileRef checkpoint = await WriteAsync(checkpoints, $"checkpoint {_step}", cancellationToken);
            FileRef policy = await WriteAsync(policies, $"policy {_step}", cancellationToken);
            return new SavedPolicy(checkpoint, policy, [new ManifestPart("", 0, new FileInfo(policy.Path).Length, policy.Sha256)]);
        }

        public Task LoadAsync(FileRef checkpoint, CancellationToken cancellationToken)
        {
            owner.Loaded.Enqueue(checkpoint);
            return Task.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            owner.Disposed.TrySetResult();
            return ValueTask.CompletedTask;
        }

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
