/// A piece of a layer: bytes of its tar stream, and the same bytes as the blob stores them.
struct LayerBlock: Sendable {
    var tar: [UInt8]
    var stored: [UInt8]

    /// What is to be checked of the tar stream.
    var checks: [ContentCheck] = []

    /// Whether the archive stored it so.
    var isSpliced = false

    /// The bytes in it.
    var byteCount: Int { tar.count + stored.count }

    /// The block in memory of its own, no more than it needs: workers use theirs again.
    var copy: LayerBlock {
        LayerBlock(tar: Array(tar[...]), stored: Array(stored[...]), checks: checks, isSpliced: isSpliced)
    }
}
