using Etr.Policy.Rollouts.Cpu;

namespace Etr.Policy.Tests.Rollouts.Cpu;

public sealed class WorkerTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Workers_see_what_the_others_did_before_they_met(int count)
    {
        using var team = new WorkerTeam(count, lowPriority: false);
        int[] written = new int[count];
        int wrong = 0;
        for (int round = 0; round < 50; round++)
        {
            team.Run(worker =>
            {
                for (int phase = 1; phase <= 20; phase++)
                {
                    written[worker] = phase;
                    team.Meet();
                    if (written.Any(value => value != phase))
                    {
                        Interlocked.Increment(ref wrong);
                    }

                    team.Meet();
                }
            });
        }

        Assert.Equal(0, wrong);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(2, 3)]
    [InlineData(0, 4)]
    public void A_worker_that_fails_ends_the_work_of_all_and_the_team_goes_on(int failing, int phase)
    {
        using var team = new WorkerTeam(3, lowPriority: false);
        for (int round = 0; round < 20; round++)
        {
            int[] reached = new int[3];
            InvalidOperationException failure = Assert.Throws<InvalidOperationException>(() => team.Run(worker =>
            {
                for (int i = 0; i < 5; i++)
                {
                    reached[worker] = i;
                    if (worker == failing && i == phase)
                    {
                        throw new InvalidDataException("as planned");
                    }

                    team.Meet();
                }
            }));

            Assert.Equal("as planned", failure.Message);
            Assert.All(reached, at => Assert.Equal(phase, at));
            int through = 0;
            team.Run(_ => Interlocked.Increment(ref through));
            Assert.Equal(3, through);
        }
    }
}
