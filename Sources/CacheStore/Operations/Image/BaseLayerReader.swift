/// A reader of the tar stream in the blob of a layer: gzip, zstd, or not compressed.
///
/// The first bytes tell the compression, as they tell it to engines.
struct BaseLayerReader: ~Copyable {
    /// The members of a layer.
    private struct Members {
        var tar = TarReader()
        var entries: [TarEntry] = []

        mutating func take(_ bytes: Span<UInt8>, _ budget: BlockBudget) throws {
            try tar.append(bytes) { entry in
                var memory = BaseLayerReader.memberSize + entry.path.utf8.count
                for attribute in entry.extendedAttributes {
                    memory += attribute.name.utf8.count + attribute.value.count
                }
                if case .symbolicLink(let target) = entry.kind { memory += target.utf8.count }
                memory += entry.hash?.count ?? 0
                guard budget.reserve(memory) else {
                    throw TarReader.Fault(description: "it has more files than can be held in memory")
                }
                entries.append(entry)
            }
        }
    }

    /// The approximate memory of a member besides its path, in bytes.
    private static let memberSize = 96

    private let budget: BlockBudget
    private var gzip: GzipDecompressor?
    private var zstd: ZstdStreamDecompressor?
    private var hasBegun = false
    private var isWhole = true
    private var members = Members()

    /// The members of the layer that were read.
    var entries: [TarEntry] { members.entries }

    /// The compression as media types name it; `nil` for a layer that is not compressed.
    private(set) var compression: String?

    /// Creates a reader.
    ///
    /// - Parameter budget: The memory for the members of all layers.
    init(_ budget: BlockBudget) { self.budget = budget }

    /// Reads the next piece of the blob; the first piece must hold four bytes if the blob does.
    ///
    /// - Throws: The error of a decoder, or ``TarReader/Fault``.
    mutating func append(_ bytes: Span<UInt8>) throws {
        if !hasBegun { try begin(bytes) }
        // The members are moved out, so that a decoder and its sink do not share a variable.
        var members = Members()
        let budget = budget
        swap(&members, &self.members)
        defer { swap(&members, &self.members) }
        if compression == "gzip" {
            isWhole = try gzip?.append(bytes) { try members.take($0, budget) } ?? true
        } else if compression == "zstd" {
            isWhole = try zstd?.append(bytes) { try members.take($0, budget) } ?? true
        } else {
            try members.take(bytes, budget)
        }
    }

    /// Ends the blob.
    ///
    /// - Throws: ``TarReader/Fault`` if the layer is cut short.
    func finish() throws(TarReader.Fault) {
        guard isWhole, members.tar.isWhole else { throw TarReader.Fault(description: "it is cut short") }
    }

    /// Creates the decoder for a blob that begins with some bytes.
    private mutating func begin(_ bytes: Span<UInt8>) throws {
        hasBegun = true
        let magic = bytes.extracting(first: 4)
        func begins(_ other: [UInt8]) -> Bool {
            magic.count >= other.count && other.indices.allSatisfy { magic[$0] == other[$0] }
        }
        // Frames may also be skippable (RFC 8878, 3.1.2).
        let isSkippable = magic.count == 4 && magic[0] & 0xF0 == 0x50 && begins([magic[0], 0x2A, 0x4D, 0x18])
        if begins([0x1F, 0x8B]) {
            compression = "gzip"
            gzip = try GzipDecompressor()
        } else if begins([0x28, 0xB5, 0x2F, 0xFD]) || isSkippable {
            compression = "zstd"
            zstd = try ZstdStreamDecompressor()
        }
    }
}
