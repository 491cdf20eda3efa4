using System.Globalization;
using Etr.Silo.Cli;
using Etr.Silo.Configuration;
using Etr.Silo.RemoteSamplers;

namespace Etr.Silo.Training;

/// <summary>Says what a run would be, without starting or writing anything.</summary>
internal static class DryRun
{
    /// <summary>Prints every setting as it is resolved, and what it names.</summary>
    /// <exception cref="CommandFailure">Something that a setting names is missing.</exception>
    public static void Print(EtrSettings settings, Terminal terminal)
    {
        RunPlan plan = RunPlan.Of(settings.Run);
        if (RemoteCheck.Refusal(RemoteServer.All(settings.Host.Samplers), settings.Host.Samplers, plan.Configuration, plan.Rewards) is { } refusal)
            throw new CommandFailure(refusal);
        foreach (Setting setting in SettingSchema.Run)
            PrintSetting(setting, settings.Run, settings, terminal);
        foreach (Setting setting in SettingSchema.Host)
            PrintSetting(setting, settings.Host, settings, terminal);

        terminal.Line();
        terminal.Line(string.Create(
            CultureInfo.InvariantCulture,
            $"model      {plan.Configuration.Policy.Path}: {plan.Model.Parameters} parameters in {plan.Model.Tensors} tensors, {plan.Model.Bytes >> 10} KiB"));
        terminal.Line($"prompts    {plan.Prompts.Count} of {plan.Prompts.Name}; held out {plan.HeldOut?.Count ?? 0}");
        plan.PrintRows(terminal);
        terminal.Line($"reward     {plan.Rewards.Shaper.Name}, trend of preset {plan.Rewards.Preset.Name}, advantages {plan.Rewards.Estimator.Name}");
        terminal.Line($"update     {UpdateSummary.Of(plan.Configuration.Training)}");
        RunMemory.Of(plan, TrainJob.Samplers(settings)).Print(terminal);
        terminal.Line($"data       {Path.GetFullPath(settings.Host.Data)}");
        if (plan.Warning is { } warning)
            terminal.Warn(warning);
    }

    private static void PrintSetting(Setting setting, object root, EtrSettings settings, Terminal terminal)
    {
        // Of a list its first entry shows what there is; of the others what somebody named.
        if (setting.Entry is > 0 && !settings.Named.Contains(setting.Key))
            return;
        object? value = setting.Of(root);
        string text = setting.IsSecret && value is string { Length: > 0 } ? "(set)" : Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
        terminal.Line($"{(settings.Named.Contains(setting.Key) ? "*" : " ")} {setting.Key} = {text}");
    }
}
