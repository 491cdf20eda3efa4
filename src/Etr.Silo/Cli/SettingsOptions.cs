using System.Collections;
using System.CommandLine;
using Etr.Silo.Configuration;

namespace Etr.Silo.Cli;

/// <summary>The options by which a command takes settings: a file, single keys, and the environment beneath them.</summary>
internal sealed class SettingsOptions
{
    private readonly Option<string?> _file = new("--config")
    {
        Description = "A configuration file (JSON), such as configs/demo.json.",
        HelpName = "FILE",
    };

    private readonly Option<string[]> _assignments = new("--set")
    {
        Description = "One setting, such as Etr:Run:GroupSize=16; may be repeated. Also from the environment: Etr__Run__GroupSize=16.",
        HelpName = "KEY=VALUE",
        Arity = ArgumentArity.OneOrMore,
        DefaultValueFactory = static _ => [],
    };

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Options.Add(_file);
        command.Options.Add(_assignments);
    }

    /// <summary>Resolves the settings: defaults, file, environment, single keys, then a command's own flags.</summary>
    /// <exception cref="ConfigurationException">Some are wrong; it names all of them.</exception>
    public EtrSettings Read(ParseResult parsed, IDictionary environment, IReadOnlyList<KeyValuePair<string, string?>> flags) => Read(parsed, environment, flags, []);

    /// <summary>The same, over settings that a command's own name for them stands for.</summary>
    /// <inheritdoc cref="Read(ParseResult, IDictionary, IReadOnlyList{KeyValuePair{string, string?}})" path="/exception"/>
    public EtrSettings Read(
        ParseResult parsed, IDictionary environment, IReadOnlyList<KeyValuePair<string, string?>> flags, IReadOnlyList<KeyValuePair<string, string?>> defaults)
    {
        List<SettingLayer> layers = [new SettingLayer("the command's own settings", defaults)];
        var problems = new List<string>();
        void Add(Func<SettingLayer> read)
        {
            try
            {
                layers.Add(read());
            }
            catch (ConfigurationException e)
            {
                problems.AddRange(e.Problems);
            }
        }

        if (parsed.GetValue(_file) is { } file)
            Add(() => SettingLayer.FromFile(file));
        Add(() => SettingLayer.FromEnvironment(environment));
        Add(() => SettingLayer.FromAssignments(parsed.GetValue(_assignments) ?? []));
        layers.Add(new SettingLayer("the command line", flags));
        try
        {
            EtrSettings settings = SettingsReader.Read(layers);
            return problems.Count == 0 ? settings : throw new ConfigurationException(problems);
        }
        catch (ConfigurationException e) when (!ReferenceEquals(e.Problems, problems))
        {
            throw new ConfigurationException([.. problems, .. e.Problems]);
        }
    }
}
