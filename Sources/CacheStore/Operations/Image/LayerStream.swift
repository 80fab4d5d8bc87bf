import SystemPackage

/// A maker of parts of layers on one thread, which gathers the bytes of the tar stream in blocks and
/// compresses the blocks.
///
/// The type is a class, because the visitor of a tree needs the stream too. A stream stays on its thread.
final class LayerStream {
    /// The maximum number of bytes of the tar stream in a block.
    ///
    /// Small files in one block are compressed together.
    static let blockSize = 4 << 20

    /// A compressor, which is made for the first block.
    private enum Compressor: ~Copyable {
        case zstd(ZstdCompressor)
        case gzip(GzipCompressor)

        borrowing func append(_ bytes: [UInt8], to output: inout [UInt8]) throws {
            switch self {
            case .zstd(let zstd): try zstd.append(bytes.span, to: &output)
            case .gzip(let gzip): try gzip.append(bytes.span, to: &output)
            }
        }
    }

    private let compression: Layers.Options.Compression
    private let level: Int
    private var compressor: Compressor?
    private var buffer: [UInt8] = []
    private var stored: [UInt8] = []
    private var checks: [ContentCheck] = []

    /// The hash so far of the file that is being written, if it is checked and began in this part.
    private var file: ContentHasher?
    private var sink: LayerSink?
    private var part = 0

    init(_ compression: Layers.Options.Compression, level: Int) {
        (self.compression, self.level) = (compression, level)
    }

    /// Begins a part of a layer.
    func begin(_ part: Int, of sink: LayerSink) {
        (self.sink, self.part) = (sink, part)
        file = nil
        buffer.removeAll(keepingCapacity: true)
        // Headers may exceed the block size a little. A growing array would take twice the memory.
        buffer.reserveCapacity(Self.blockSize + (16 << 10))
        checks.removeAll(keepingCapacity: true)
    }

    /// Gives the memory of blocks and of the compressor back, between two parts.
    func discard() {
        (buffer, stored, checks) = ([], [], [])
        compressor = nil
    }

    /// Ends the part.
    ///
    /// - Returns: The outcome of the layer, if this call completes it; otherwise `nil`.
    /// - Throws: ``CacheStoreError``, or `CancellationError`.
    func end() throws -> LayerSink.Outcome? {
        if let begun = file.take() { checks.append(.begun(begun)) }
        try flush()
        defer { sink = nil }
        return try sink?.end(part)
    }

    /// Appends the header of a member.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` if the path is too long
    ///   for an image, or another one; or `CancellationError`.
    func append(_ header: TarHeader) throws {
        guard header.path.utf8.count < ImageLimits.path else {
            throw CacheStoreError(
                .badArgument,
                "a path in the image would have more than \(ImageLimits.path) bytes",
                path: FilePath("/" + header.path),
                remedy: .chooseCachePath
            )
        }
        header.append(to: &buffer)
        if buffer.count >= Self.blockSize { try flush() }
    }

    /// Appends content.
    ///
    /// - Parameters:
    ///   - content: The content.
    ///   - isChecked: Whether the content is a piece of a file that is checked as a whole.
    /// - Throws: ``CacheStoreError``, or `CancellationError`.
    func append(_ content: Span<UInt8>, isChecked: Bool = false) throws {
        let isOrdered = isChecked && !isHashed(content)
        var position = 0
        while position < content.count {
            let count = min(content.count - position, max(1, Self.blockSize - buffer.count))
            if isOrdered { checks.append(.content(buffer.count..<buffer.count + count)) }
            unsafe content.extracting(position..<position + count).withUnsafeBufferPointer {
                unsafe buffer.append(contentsOf: $0)
            }
            position += count
            if buffer.count >= Self.blockSize { try flush() }
        }
    }

    /// Appends the padding that fills up content of `size` bytes to a whole block.
    ///
    /// - Throws: ``CacheStoreError``, or `CancellationError`.
    func pad(_ size: Int) throws {
        let count = TarHeader.padding(for: size)
        buffer.append(contentsOf: repeatElement(0, count: count))
        if buffer.count >= Self.blockSize { try flush() }
    }

    /// Appends content, as the frame that stores it in the archive.
    ///
    /// - Parameters:
    ///   - content: The content.
    ///   - frame: The frame of the content.
    ///   - isChecked: Whether the content is a piece of a file that is checked as a whole.
    /// - Throws: ``CacheStoreError``, or `CancellationError`.
    func splice(_ content: [UInt8], frame: [UInt8], isChecked: Bool) throws {
        try flush()
        // The rest of the part is one file: only its padding follows.
        (buffer, stored) = ([], [])
        let checks: [ContentCheck] = isChecked && !isHashed(content.span) ? [.content(content.indices)] : []
        try sink?.bring(LayerBlock(tar: content, stored: frame, checks: checks, isSpliced: true), of: part)
    }

    // MARK: - Checks

    /// Begins a file that is checked as a whole: its content is hashed here.
    ///
    /// Without this call, the file began in an earlier part, and is hashed by the sink.
    func beginFile() { file = ContentHasher() }

    /// Ends a file of a module tree.
    func endFile(_ path: String, of module: ModuleKey) {
        checks.append(.file(path, file.take()?.finish(), of: module))
    }

    /// Ends a member that is one file, which must have this SHA-256.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if the whole file lies
    ///   in this part and has another one.
    func endFile(_ member: String, _ id: ObjectID, from archive: FilePath) throws(CacheStoreError) {
        guard let file = file.take() else { return checks.append(.whole(id, member: member)) }
        guard file.finish() == id else { throw MemberChecker.damaged(member, archive) }
    }

    /// Ends a module tree, which must have this hash when all of its files are there.
    func endTree(_ module: ModuleKey, h1: ObjectID) { checks.append(.tree(module, h1: h1)) }

    /// Hashes content of a file that began in this part, and returns whether there is such a file.
    private func isHashed(_ content: Span<UInt8>) -> Bool {
        file?.update(content)
        return file != nil
    }

    /// Compresses the gathered bytes, and brings them to the sink.
    private func flush() throws {
        guard !buffer.isEmpty || !checks.isEmpty else { return }
        stored.removeAll(keepingCapacity: true)
        if !buffer.isEmpty {
            do {
                try compress()
            } catch {
                throw CacheStoreError(.io, "cannot compress a layer", cause: error)
            }
        }
        try sink?.bring(LayerBlock(tar: buffer, stored: stored, checks: checks), of: part)
        buffer.removeAll(keepingCapacity: true)
        checks.removeAll(keepingCapacity: true)
    }

    private func compress() throws {
        let compressor = try takeCompressor()
        try compressor.append(buffer, to: &stored)
        self.compressor = consume compressor
    }

    private func takeCompressor() throws -> Compressor {
        if let kept = compressor.take() { return kept }
        return switch compression {
        case .zstd: .zstd(try ZstdCompressor(level: level))
        case .gzip: .gzip(try GzipCompressor(level: level))
        }
    }
}
