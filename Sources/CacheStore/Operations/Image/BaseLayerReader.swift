/// A reader of the tar stream in the blob of a layer: gzip, zstd, or not compressed.
///
/// The first bytes tell the compression, as they tell it to engines.
struct BaseLayerReader: ~Copyable {
    /// The members of a layer.
    private struct Members {
        var tar = TarReader()
        var entries: [TarEntry] = []
        var hasher = ContentHasher()

        mutating func take(_ bytes: Span<UInt8>, _ budget: BlockBudget) throws {
            hasher.update(bytes)
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
    private static let memberSize = 152

    private let budget: BlockBudget
    // Engines refuse more after the last member, and could take it for content.
    private var decoder = StreamDecompressor(afterGzip: .nothing)
    private var members = Members()

    /// The members of the layer that were read.
    var entries: [TarEntry] { members.entries }

    /// The compression as media types name it; `nil` for a layer that is not compressed.
    var compression: String? {
        switch decoder.compression {
        case .gzip: "gzip"
        case .zstd: "zstd"
        case nil, .some(.none): nil
        }
    }

    /// Creates a reader.
    ///
    /// - Parameter budget: The memory for the members of all layers.
    init(_ budget: BlockBudget) { self.budget = budget }

    /// Reads the next piece of the blob; the first piece must hold four bytes if the blob does.
    ///
    /// - Throws: The error of a decoder, or ``TarReader/Fault``.
    mutating func append(_ bytes: Span<UInt8>) throws {
        // The members are moved out, so that the decoder and its sink do not share a variable.
        var members = Members()
        let budget = budget
        swap(&members, &self.members)
        defer { swap(&members, &self.members) }
        try decoder.append(bytes) { try members.take($0, budget) }
    }

    /// Ends the blob.
    ///
    /// - Returns: The SHA-256 of the layer's content, the tar stream.
    /// - Throws: ``TarReader/Fault`` if the layer is cut short.
    func finish() throws(TarReader.Fault) -> ObjectID {
        guard decoder.isWhole, members.tar.isWhole else {
            throw TarReader.Fault(description: "it is cut short")
        }
        return members.hasher.finish()
    }
}
