using System.Runtime.InteropServices;
using Etr.Policy.Models;

namespace Etr.Benchmarks.Engines;

/// <summary>
/// llama.cpp through its C API, as a yardstick: a model, a context with the settings that are fastest for small models (fp32
/// keys and values, a cache a sequence, no flash attention) and a thread pool of its own. Written against the ABI of the build
/// that @node-llama-cpp/linux-x64 3.22.1 carries; its structs are passed as the bytes that its own defaults fill.
/// </summary>
internal sealed unsafe class LlamaCpp : IDisposable
{
    private const int OfContext = 0;
    private const int OfBatch = 4;
    private const int OfMicroBatch = 8;
    private const int OfSequences = 12;
    private const int OfThreads = 28;
    private const int OfBatchThreads = 32;
    private const int OfFlashAttention = 52;
    private const int OfKeyType = 104;
    private const int OfValueType = 108;
    private const int OfUnifiedCache = 133;
    private const int LogitsPerDecode = 2048;

    private readonly nint _llama;
    private readonly nint _model;
    private readonly nint _context;
    private readonly nint _pool;
    private readonly ModelConfig _config;

    // Kept so that whoever collects garbage does not take the function that the library calls.
    private readonly LogSink _sink = (_, _, _) => { };
    private readonly delegate* unmanaged<nint, Batch, int> _decode;
    private readonly delegate* unmanaged<nint, nint> _memory;
    private readonly delegate* unmanaged<nint, byte, void> _clear;
    private readonly delegate* unmanaged<nint, int, float*> _logits;
    private readonly delegate* unmanaged<nint, void> _freeContext;
    private readonly delegate* unmanaged<nint, void> _freeModel;
    private readonly delegate* unmanaged<nint, void> _freePool;

    public LlamaCpp(string folder, string gguf, ModelConfig config, int threads, int sequences, int length)
    {
        _config = config;
        nint ggmlBase = NativeLibrary.Load(Path.Combine(folder, "libggml-base.so"));
        nint ggml = NativeLibrary.Load(Newest(folder, "libggml.*so*"));
        _llama = NativeLibrary.Load(Newest(folder, "libllama.*so*"));
        nint sink = Marshal.GetFunctionPointerForDelegate(_sink);
        ((delegate* unmanaged<nint, nint, void>)NativeLibrary.GetExport(_llama, "llama_log_set"))(sink, 0);
        Call(ggml, "ggml_backend_load_all_from_path", folder);

        var modelDefaults = (delegate* unmanaged<ModelParameters>)NativeLibrary.GetExport(_llama, "llama_model_default_params");
        var load = (delegate* unmanaged<byte*, ModelParameters, nint>)NativeLibrary.GetExport(_llama, "llama_model_load_from_file");
        nint path = Marshal.StringToCoTaskMemUTF8(gguf);
        _model = load((byte*)path, modelDefaults());
        Marshal.FreeCoTaskMem(path);
        if (_model == 0)
        {
            throw new InvalidOperationException($"llama.cpp does not load {gguf}");
        }

        var contextDefaults = (delegate* unmanaged<ContextParameters>)NativeLibrary.GetExport(_llama, "llama_context_default_params");
        ContextParameters parameters = contextDefaults();
        int each = (length + 63) / 32 * 32;
        *(int*)(parameters.Bytes + OfContext) = each * sequences;
        *(int*)(parameters.Bytes + OfBatch) = LogitsPerDecode;
        *(int*)(parameters.Bytes + OfMicroBatch) = 512;
        *(int*)(parameters.Bytes + OfSequences) = sequences;
        *(int*)(parameters.Bytes + OfThreads) = threads;
        *(int*)(parameters.Bytes + OfBatchThreads) = threads;
        *(int*)(parameters.Bytes + OfFlashAttention) = 0;
        *(int*)(parameters.Bytes + OfKeyType) = 0;
        *(int*)(parameters.Bytes + OfValueType) = 0;
        parameters.Bytes[OfUnifiedCache] = 0;
        _context = ((delegate* unmanaged<nint, ContextParameters, nint>)NativeLibrary.GetExport(_llama, "llama_init_from_model"))(_model, parameters);
        if (_context == 0)
        {
            throw new InvalidOperationException("llama.cpp makes no context");
        }

        (_pool, nint freePool) = Pool(ggmlBase, ggml, threads);
        ((delegate* unmanaged<nint, nint, nint, void>)NativeLibrary.GetExport(_llama, "llama_attach_threadpool"))(_context, _pool, _pool);
        _freePool = (delegate* unmanaged<nint, void>)freePool;
        _decode = (delegate* unmanaged<nint, Batch, int>)NativeLibrary.GetExport(_llama, "llama_decode");
        _memory = (delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(_llama, "llama_get_memory");
        _clear = (delegate* unmanaged<nint, byte, void>)NativeLibrary.GetExport(_llama, "llama_memory_clear");
        _logits = (delegate* unmanaged<nint, int, float*>)NativeLibrary.GetExport(_llama, "llama_get_logits_ith");
        _freeContext = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(_llama, "llama_free");
        _freeModel = (delegate* unmanaged<nint, void>)NativeLibrary.GetExport(_llama, "llama_model_free");
    }

    [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
    private delegate void LogSink(int level, nint text, nint data);

    /// <summary>
    /// One generation: prompts, then a token a sequence and step. Tokens are given, not drawn, and no
    /// distribution is measured: what the engines do beyond this is theirs to make up for.
    /// </summary>
    /// <returns>Tokens after the prompts.</returns>
    public double Generate(int sequences, int promptTokens, int length)
    {
        _clear(_memory(_context), 1);
        int[] prompt = [.. Enumerable.Range(3, promptTokens)];
        for (int first = 0; first < sequences; first += 16)
        {
            int count = Math.Min(16, sequences - first);
            Decode(
                [.. Enumerable.Range(0, count).SelectMany(_ => prompt)],
                [.. Enumerable.Range(0, count * promptTokens).Select(i => i % promptTokens)],
                [.. Enumerable.Range(0, count * promptTokens).Select(i => first + i / promptTokens)],
                i => i % promptTokens == promptTokens - 1);
        }

        int[] tokens = new int[sequences];
        int[] sequenceOf = [.. Enumerable.Range(0, sequences)];
        int[] positions = new int[sequences];
        float sum = 0;
        // The first token comes from the prompt's logits.
        for (int step = 1; step < length; step++)
        {
            for (int i = 0; i < sequences; i++)
            {
                tokens[i] = 3 + (7 * i + 13 * step) % (_config.VocabularySize - 4);
                positions[i] = promptTokens + step - 1;
            }

            Decode(tokens, positions, sequenceOf, _ => true);
            sum += _logits(_context, sequences - 1)[0];
        }

        return float.IsFinite(sum) ? sequences * length : throw new InvalidOperationException("llama.cpp's logits are not finite");
    }

    /// <summary>Logits after a sequence, to check that both compute the same model.</summary>
    public float[] Logits(int[] tokens)
    {
        _clear(_memory(_context), 1);
        Decode(tokens, [.. Enumerable.Range(0, tokens.Length)], new int[tokens.Length], i => i == tokens.Length - 1);
        return new Span<float>(_logits(_context, tokens.Length - 1), _config.VocabularySize).ToArray();
    }

    public void Dispose()
    {
        _freeContext(_context);
        _freeModel(_model);
        _freePool(_pool);
    }

    private static string Newest(string folder, string pattern) =>
        Directory.GetFiles(folder, pattern).Order(StringComparer.Ordinal).FirstOrDefault()
        ?? throw new FileNotFoundException($"{folder} has no {pattern}");

    private static void Call(nint library, string name, string text)
    {
        nint pointer = Marshal.StringToCoTaskMemUTF8(text);
        ((delegate* unmanaged<nint, void>)NativeLibrary.GetExport(library, name))(pointer);
        Marshal.FreeCoTaskMem(pointer);
    }

    // The pool's functions live in the backend that suits the processor.
    private static (nint Pool, nint Free) Pool(nint ggmlBase, nint ggml, int threads)
    {
        nint name = Marshal.StringToCoTaskMemUTF8("CPU");
        nint backend = ((delegate* unmanaged<nint, nint>)NativeLibrary.GetExport(ggml, "ggml_backend_reg_by_name"))(name);
        Marshal.FreeCoTaskMem(name);
        var address = (delegate* unmanaged<nint, nint, nint>)NativeLibrary.GetExport(ggmlBase, "ggml_backend_reg_get_proc_address");
        nint Of(string function)
        {
            nint text = Marshal.StringToCoTaskMemUTF8(function);
            nint found = address(backend, text);
            Marshal.FreeCoTaskMem(text);
            return found != 0 ? found : throw new InvalidOperationException($"llama.cpp's backend has no {function}");
        }

        byte* parameters = stackalloc byte[1024];
        ((delegate* unmanaged<byte*, int, void>)NativeLibrary.GetExport(ggmlBase, "ggml_threadpool_params_init"))(parameters, threads);
        return (((delegate* unmanaged<byte*, nint>)Of("ggml_threadpool_new"))(parameters), Of("ggml_threadpool_free"));
    }

    private void Decode(int[] tokens, int[] positions, int[] sequences, Func<int, bool> wanted)
    {
        int count = tokens.Length;
        int[] one = [.. Enumerable.Repeat(1, count)];
        sbyte[] logits = [.. Enumerable.Range(0, count).Select(i => (sbyte)(wanted(i) ? 1 : 0))];
        int** sequencePointers = (int**)NativeMemory.Alloc((nuint)(count * sizeof(int*)));
        fixed (int* token = tokens, position = positions, sequence = sequences, counts = one)
        fixed (sbyte* outputs = logits)
        {
            for (int i = 0; i < count; i++)
            {
                sequencePointers[i] = sequence + i;
            }

            int result = _decode(_context, new Batch(count, token, position, counts, sequencePointers, outputs));
            NativeMemory.Free(sequencePointers);
            if (result != 0)
            {
                throw new InvalidOperationException($"llama.cpp's decode answers {result}");
            }
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ModelParameters
    {
        public fixed byte Bytes[80];
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct ContextParameters
    {
        public fixed byte Bytes[160];
    }

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct Batch(int count, int* tokens, int* positions, int* sequenceCounts, int** sequences, sbyte* logits)
    {
        public readonly int Count = count;
        public readonly int* Tokens = tokens;
        public readonly float* Embeddings = null;
        public readonly int* Positions = positions;
        public readonly int* SequenceCounts = sequenceCounts;
        public readonly int** Sequences = sequences;
        public readonly sbyte* Logits = logits;
    }
}
