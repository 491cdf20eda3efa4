using System.Buffers.Binary;
using System.Text;
using Etr.Core.Files;
using Etr.Policy.Checkpoints;
using TorchSharp;

namespace Etr.Policy.Tests.Checkpoints;

public sealed class SafetensorsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("etr-safetensors-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void What_is_written_is_read_back_bit_for_bit_whatever_the_type()
    {
        string path = Path.Combine(_folder, "deep", "all.safetensors");
        using DisposeScope scope = torch.NewDisposeScope();
        (string, torch.Tensor)[] tensors =
        [
            ("half", torch.randn(3, 5).to(torch.bfloat16)), ("float", torch.randn(2, 3, 4)), ("double", torch.randn(7).to(torch.float64)),
            ("counts", torch.arange(6, torch.int64)), ("scalar", torch.tensor(2.5f)), ("none", torch.empty(0, 4)), ("turned", torch.randn(4, 6).t()),
        ];

        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string> { ["step"] = "12" });
        using SafetensorsFile file = SafetensorsFile.Open(path);

        Assert.Equal("12", file.Metadata["step"]);
        foreach ((string name, torch.Tensor value) in tensors)
        {
            using torch.Tensor read = file.Read(name);
            Assert.Equal(value.shape, read.shape);
            Assert.Equal(value.dtype, read.dtype);
            Assert.True(value.equal(read).all().item<bool>(), name);
        }

        Assert.Equal(["all.safetensors"], Directory.GetFiles(Path.GetDirectoryName(path)!).Select(Path.GetFileName));
    }

    [Fact]
    public void Equal_tensors_give_equal_files()
    {
        using torch.Tensor value = torch.arange(10, torch.float32);
        string[] paths = [Path.Combine(_folder, "a"), Path.Combine(_folder, "b")];
        foreach (string path in paths)
        {
            SafetensorsWriter.Write(path, [("x", value)]);
        }

        Assert.Equal(File.ReadAllBytes(paths[0]), File.ReadAllBytes(paths[1]));
    }

    [Theory]
    [InlineData("""{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 16, null)]
    [InlineData("""{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 12, "within")]
    [InlineData("""{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 20, "data bytes")]
    [InlineData("""{"t":{"dtype":"F32","shape":[5],"data_offsets":[0,16]}}""", 16, "takes 20")]
    [InlineData("""{"t":{"dtype":"F99","shape":[4],"data_offsets":[0,16]}}""", 16, "'F99'")]
    [InlineData("""{"t":{"shape":[4],"data_offsets":[0,16]}}""", 16, "dtype")]
    [InlineData("""{"t":{"dtype":"F32","shape":[-4],"data_offsets":[0,16]}}""", 16, "-4")]
    [InlineData("""{"t":{"dtype":"F32","shape":[4],"data_offsets":[16,0]}}""", 16, "begin")]
    [InlineData("""{"t":{"dtype":"F32","shape":[4],"data_offsets":[0]}}""", 16, "data_offsets")]
    [InlineData("""{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,9223372036854775807]}}""", 16, "9223372036854775807")]
    [InlineData("""{"t":{"dtype":"F32","shape":[4294967296,4294967296,4294967296,4294967296],"data_offsets":[0,0]}}""", 0, "shape")]
    [InlineData("""{"t":{"dtype":"F32","shape":[9223372036854775807,9223372036854775807,9223372036854775807,0],"data_offsets":[0,0]}}""", 0, "shape")]
    [InlineData("""{"t":{"dtype":"F32","shape":[1,1,1,1,1,1,1,1,1,4],"data_offsets":[0,16]}}""", 16, "at most 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[12,20]}}""", 20, "hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "once")]
    [InlineData("""{"__metadata__":{"x":1}}""", 0, "strings")]
    [InlineData("""[1,2]""", 0, "object")]
    [InlineData("""{"t":""", 0, "JSON")]
    [InlineData("""{"t":{"a":{"b":{"c":{"d":1}}}}}""", 0, "JSON")]
    public void A_header_is_taken_only_if_its_tensors_fill_the_file_exactly(string header, int dataBytes, string? complaint)
    {
        string path = Raw((ulong)header.Length, header, dataBytes);
        if (complaint is null)
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            Assert.Equal([4L], file.Find("t")!.Shape);
            return;
        }

        CheckpointException e = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));

        Assert.Equal(path, e.File);
        Assert.Contains(complaint, $"{e.Tensor} {e.Message}", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 40)]
    [InlineData(100UL)]
    public void A_header_length_beyond_the_file_allocates_nothing(ulong claimed)
    {
        string path = Raw(claimed, "{}", 0);
        long before = GC.GetAllocatedBytesForCurrentThread();

        CheckpointException e = Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(path));

        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 1_000_000);
        Assert.Contains($"{claimed}", e.Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_or_tiny_file_is_named()
    {
        string tiny = Path.Combine(_folder, "tiny");
        File.WriteAllBytes(tiny, [1, 2, 3]);

        Assert.Contains("no such file", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(Path.Combine(_folder, "none"))).Message, StringComparison.Ordinal);
        Assert.Contains("3 bytes", Assert.Throws<CheckpointException>(() => SafetensorsFile.Open(tiny)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Asking_for_a_tensor_that_is_not_there_or_has_another_shape_is_refused()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Raw(0, """{"t":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 16, lengthFromText: true));

        Assert.Equal("u", Assert.Throws<CheckpointException>(() => file.Read("u")).Tensor);
        Assert.Contains("[4]", Assert.Throws<CheckpointException>(() => file.Read("t", 2, 2)).Found, StringComparison.Ordinal);
    }

    [Fact]
    public void A_write_that_fails_leaves_the_old_file_and_nothing_else()
    {
        string path = Path.Combine(_folder, "kept");
        DurableFile.Write(path, stream => stream.Write("old"u8));

        Assert.Throws<InvalidOperationException>(() => DurableFile.Write(path, stream =>
        {
            stream.Write("new"u8);
            throw new InvalidOperationException();
        }));

        Assert.Equal("old", File.ReadAllText(path));
        Assert.Single(Directory.GetFiles(_folder));
    }

    private string Raw(ulong headerLength, string header, int dataBytes, bool lengthFromText = false)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        byte[] bytes = new byte[8 + text.Length + dataBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, lengthFromText ? (ulong)text.Length : headerLength);
        text.CopyTo(bytes, 8);
        string path = Path.Combine(_folder, $"{Guid.NewGuid():N}.safetensors");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
