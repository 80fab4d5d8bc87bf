/// A piece of a layer: bytes of its tar stream, and the same bytes in the form that the blob stores.
struct LayerBlock: Sendable {
    var tar: [UInt8]
    var stored: [UInt8]

    /// The checks of the tar stream.
    var checks: [ContentCheck] = []

    /// Whether `stored` is a frame of the archive.
    var isSpliced = false

    /// The number of bytes of both forms.
    var byteCount: Int { tar.count + stored.count }

    /// A copy of the block in memory of its own, no more than it needs.
    ///
    /// Workers use the memory of their blocks again.
    var copy: LayerBlock {
        LayerBlock(tar: Array(tar[...]), stored: Array(stored[...]), checks: checks, isSpliced: isSpliced)
    }
}
