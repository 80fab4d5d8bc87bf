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

    private let zstd: ZstdCompressor?
    private let gzip: GzipCompressor?
    private var buffer: [UInt8] = {
        // Headers may exceed the block size a little. A growing array would take twice the memory.
        var buffer: [UInt8] = []
        buffer.reserveCapacity(blockSize + (16 << 10))
        return buffer
    }()
    private var stored: [UInt8] = []
    private var checks: [ContentCheck] = []
    private var sink: LayerSink?
    private var part = 0

    /// Creates a stream.
    ///
    /// - Throws: ``CacheStoreError`` if there is no memory for a compressor.
    init(_ compression: Layers.Options.Compression, level: Int) throws(CacheStoreError) {
        do {
            zstd = compression == .zstd ? try ZstdCompressor(level: level) : nil
            gzip = compression == .gzip ? try GzipCompressor(level: level) : nil
        } catch {
            throw CacheStoreError(.io, "cannot start compressing", cause: error)
        }
    }

    /// Begins a part of a layer.
    func begin(_ part: Int, of sink: LayerSink) {
        (self.sink, self.part) = (sink, part)
        buffer.removeAll(keepingCapacity: true)
        checks.removeAll(keepingCapacity: true)
    }

    /// Ends the part.
    ///
    /// - Returns: The outcome of the layer, if this call completes it; otherwise `nil`.
    /// - Throws: ``CacheStoreError``, or `CancellationError`.
    func end() throws -> LayerSink.Outcome? {
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
    ///   - isChecked: Whether the content is a piece of a member for which ``check(_:)`` is called.
    /// - Throws: ``CacheStoreError``, or `CancellationError`.
    func append(_ content: Span<UInt8>, isChecked: Bool = false) throws {
        var position = 0
        while position < content.count {
            let count = min(content.count - position, max(1, Self.blockSize - buffer.count))
            if isChecked { checks.append(.content(buffer.count..<buffer.count + count)) }
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
    ///   - isChecked: Whether the content is a piece of a member for which ``check(_:)`` is called.
    /// - Throws: ``CacheStoreError``, or `CancellationError`.
    func splice(_ content: [UInt8], frame: [UInt8], isChecked: Bool) throws {
        try flush()
        let checks: [ContentCheck] = isChecked ? [.content(content.indices)] : []
        try sink?.bring(LayerBlock(tar: content, stored: frame, checks: checks, isSpliced: true), of: part)
    }

    /// Requests a check of the content that was appended so far, to be made when all earlier content is
    /// there.
    func check(_ check: ContentCheck) { checks.append(check) }

    /// Compresses the gathered bytes, and brings them to the sink.
    private func flush() throws {
        guard !buffer.isEmpty || !checks.isEmpty else { return }
        stored.removeAll(keepingCapacity: true)
        if !buffer.isEmpty {
            do {
                try zstd?.append(buffer.span, to: &stored)
                try gzip?.append(buffer.span, to: &stored)
            } catch {
                throw CacheStoreError(.io, "cannot compress a layer", cause: error)
            }
        }
        try sink?.bring(LayerBlock(tar: buffer, stored: stored, checks: checks), of: part)
        buffer.removeAll(keepingCapacity: true)
        checks.removeAll(keepingCapacity: true)
    }
}
