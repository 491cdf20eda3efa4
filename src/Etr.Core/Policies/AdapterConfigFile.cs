using System.Text.Json;
using Etr.Core.Training;

namespace Etr.Core.Policies;

/// <summary>Writes PEFT's <c>adapter_config.json</c> for adapters of this program. Equal options give equal bytes.</summary>
public static class AdapterConfigFile
{
    /// <summary>The file's bytes.</summary>
    /// <param name="lora">The adapters; their rank is above 0.</param>
    /// <param name="baseModel">Path or name of the model they belong to; empty where it is not to be told.</param>
    public static byte[] Write(LoraOptions lora, string baseModel)
    {
        ArgumentNullException.ThrowIfNull(lora);
        ArgumentNullException.ThrowIfNull(baseModel);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("peft_type", "LORA");
            json.WriteString("task_type", "CAUSAL_LM");
            json.WriteString("base_model_name_or_path", baseModel);
            json.WriteNumber("r", lora.Rank);
            json.WriteNumber("lora_alpha", lora.ResolvedAlpha());
            json.WriteNumber("lora_dropout", lora.Dropout);
            json.WriteStartArray("target_modules");
            foreach (string target in lora.TargetNames())
                json.WriteStringValue(target);
            json.WriteEndArray();
            json.WriteString("bias", "none");
            json.WriteBoolean("fan_in_fan_out", false);
            json.WriteBoolean("inference_mode", true);
            json.WriteBoolean("use_rslora", false);
            json.WriteBoolean("use_dora", false);
            json.WriteNull("modules_to_save");
            json.WriteEndObject();
        }

        return buffer.ToArray();
    }
}
