using System.Collections;
using Etr.Core.Runs;
using Etr.Core.Tasks;
using Etr.Policy.Models;
using Etr.Policy.Tokenizers;
using Etr.Silo.Configuration;

namespace Etr.Silo.Tests.Configuration;

public sealed class SettingsReaderTests
{
    [Fact]
    public void Without_a_source_every_setting_has_its_default()
    {
        EtrSettings settings = SettingsReader.Read([]);

        Assert.Equal(60, settings.Run.Run.Steps);
        Assert.Equal("guarded", settings.Run.Reward.Shaper);
        Assert.Equal(5080, settings.Host.Dashboard.Port);
        Assert.Equal("data", settings.Host.Data);
        Assert.Empty(settings.Named);
    }

    [Fact]
    public void A_later_source_wins_key_by_key()
    {
        EtrSettings settings = SettingsReader.Read(
        [
            SettingLayer.FromEnvironment(new Hashtable { ["Etr__Run__Steps"] = "5", ["Etr__Run__Seed"] = "9", ["PATH"] = "/bin", ["ETR_SLOW"] = "1" }),
            SettingLayer.FromAssignments(["Etr:Run:Steps=7"]),
        ]);

        Assert.Equal(7, settings.Run.Run.Steps);
        Assert.Equal(9, settings.Run.Run.Seed);
        Assert.Equal(["Etr:Run:Seed", "Etr:Run:Steps"], settings.Named.Order());
    }

    [Fact]
    public void Every_wrong_key_is_named_at_once_with_what_is_allowed()
    {
        var e = Assert.Throws<ConfigurationException>(() => SettingsReader.Read(
        [
            SettingLayer.FromAssignments(["Etr:Run:GroupSize=0", "Etr:Run:Stepz=3", "Etr:Reward:Shaper=fancy", "Etr:Sampling:Temperature=NaN", "Etr:Run:Steps=12"]),
        ]));

        Assert.Equal(4, e.Problems.Count);
        Assert.Contains("Etr:Run:GroupSize (from --set): '0' is not allowed; expected a whole number from 1 to 256", e.Problems);
        Assert.Contains(e.Problems, p => p.Contains("did you mean Etr:Run:Steps (a whole number from 1 to 1000000)?", StringComparison.Ordinal));
        Assert.Contains(e.Problems, p => p.Contains("one of guarded, paper, reference, outcome", StringComparison.Ordinal));
        Assert.Contains(e.Problems, p => p.StartsWith("Etr:Sampling:Temperature", StringComparison.Ordinal));
    }

    [Fact]
    public void A_key_in_another_case_is_the_same_key() =>
        Assert.Equal(3, SettingsReader.Read([SettingLayer.FromAssignments(["etr:run:steps=3"])]).Run.Run.Steps);

    [Fact]
    public void An_optional_number_can_be_given_and_left_empty()
    {
        Assert.Equal(0.5, SettingsReader.Read([SettingLayer.FromAssignments(["Etr:Reward:Alpha=0.5"])]).Run.Reward.Alpha);
        Assert.Null(SettingsReader.Read([SettingLayer.FromAssignments(["Etr:Reward:Alpha="])]).Run.Reward.Alpha);
    }

    [Fact]
    public void A_mix_of_shapers_is_one_value_and_a_class_of_ones_own_a_shaper()
    {
        var reward = SettingsReader.Read([SettingLayer.FromAssignments(["Etr:Reward:Mix=outcome=1, lcpo-max=0.5", "Etr:Reward:Shaper=type:My.Own.Shaper", "Etr:Reward:Assembly=own.dll"])]).Run.Reward;
        Assert.Equal(("outcome=1, lcpo-max=0.5", "type:My.Own.Shaper", "own.dll"), (reward.Mix, reward.Shaper, reward.Assembly));
    }

    [Theory]
    [InlineData("")]
    [InlineData("E")]
    [InlineData("abc")]
    public void Styles_that_are_none_are_refused(string styles) =>
        Assert.Contains(
            "Etr:Task:Styles",
            Assert.Single(Assert.Throws<ConfigurationException>(() => SettingsReader.Read([SettingLayer.FromAssignments([$"Etr:Task:Styles={styles}"])])).Problems),
            StringComparison.Ordinal);

    [Fact]
    public void An_assignment_without_an_equals_sign_says_what_it_should_look_like() =>
        Assert.Contains("KEY=VALUE", Assert.Throws<ConfigurationException>(() => SettingLayer.FromAssignments(["Etr:Run:Steps"])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_file_may_have_comments_and_its_arrays_are_unknown_keys()
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, """{ "Etr": { /* short */ "Run": { "Steps": 4, }, "Task": { "Styles": ["A"] } } }""");
            var e = Assert.Throws<ConfigurationException>(() => SettingsReader.Read([SettingLayer.FromFile(file)]));
            Assert.Contains("Etr:Task:Styles:0", Assert.Single(e.Problems), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("{ \"Etr\": ")]
    [InlineData("[1]")]
    public void A_file_that_is_no_json_object_is_refused(string content)
    {
        string file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, content);
            Assert.Contains(file, Assert.Throws<ConfigurationException>(() => SettingLayer.FromFile(file)).Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void The_shipped_configurations_can_be_read()
    {
        string folder = Etr.Silo.Engines.StartingPolicy.Locate("models/arithmetic");
        string[] files = Directory.GetFiles(Path.Combine(folder, "..", "..", "configs"), "*.json");

        Assert.NotEmpty(files);
        Assert.All(files, file => Assert.NotEmpty(SettingsReader.Read([SettingLayer.FromFile(file)]).Named));
    }

    [Theory]
    [InlineData("repair.json", "D")]
    [InlineData("demo.json", "ABC")]
    public void A_shipped_configuration_names_a_policy_that_reads_its_prompts(string file, string styles)
    {
        string configs = Path.Combine(Etr.Silo.Engines.StartingPolicy.Locate("models/arithmetic"), "..", "..", "configs");
        RunConfiguration run = SettingsReader.Read([SettingLayer.FromFile(Path.Combine(configs, file))]).Run;
        IPolicyTokenizer tokenizer = TokenizerFile.Read(Path.Combine(Etr.Silo.Engines.StartingPolicy.Locate(run.Policy.Path), ModelFiles.Tokenizer));
        IPromptSet prompts = new PromptSetFactory().Training(run);

        Assert.Equal(styles, run.Task.Styles);
        Assert.All(Enumerable.Range(0, 24), index =>
        {
            string text = prompts[index].Text + $"\n\nanswer={prompts[index].Answer}.";
            Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
        });
    }

    [Fact]
    public void Every_default_is_itself_allowed()
    {
        EtrSettings settings = SettingsReader.Read([]);
        foreach (Setting setting in SettingSchema.Run.Concat(SettingSchema.Host))
        {
            object root = SettingSchema.Run.Contains(setting) ? settings.Run : settings.Host;
            object? value = setting.Of(root);
            string text = Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture) ?? "";
            Assert.True(setting.TryRead(text, out _), $"{setting.Key} = '{text}', expected {setting.Allowed}");
        }
    }
}
