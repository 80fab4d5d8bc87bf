/// A reader of an archive's chunks, which checks each chunk before its bytes are used, unless the name of
/// something larger covers the chunk.
///
/// Each worker has its own reader. A reader holds a decoder and two buffers: one for at most one chunk, and
/// one for the chunk's frame.
struct ChunkReader: ~Copyable {
    let frames: FrameFile
    private let spares: SpareFrames?
    private let decoder: FrameDecoder

    /// The frame of the content that was read last.
    private(set) var frame: [UInt8] = []

    /// The content that was read last.
    private(set) var content: [UInt8] = []

    /// The chunk that ``content`` belongs to; `nil` if nothing was read, or reading failed.
    private var last: ChunkRecord?

    /// Whether ``content`` is known to have the SHA-256 of the chunk that was read last.
    private var isChecked = false

    /// Creates a reader.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - spares: The frames that take the place of damaged ones; `nil` for none.
    /// - Throws: ``CacheStoreError`` if there is not enough memory for a decoder.
    init(_ archive: Archive, spares: SpareFrames? = nil) throws(CacheStoreError) {
        frames = archive.frames
        self.spares = spares
        decoder = try FrameDecoder(archive.frames)
    }

    /// Creates a reader of a file that is not an archive yet.
    ///
    /// - Throws: ``CacheStoreError`` if there is not enough memory for a decoder.
    init(_ frames: FrameFile) throws(CacheStoreError) {
        self.frames = frames
        spares = nil
        decoder = try FrameDecoder(frames)
    }

    /// Creates a reader of the same file, with buffers of its own.
    ///
    /// - Throws: ``CacheStoreError`` if there is not enough memory for a decoder.
    init(besides other: borrowing ChunkReader) throws(CacheStoreError) {
        frames = other.frames
        spares = other.spares
        decoder = try FrameDecoder(other.frames)
    }

    /// Reads the content of `chunk` into ``content``.
    ///
    /// The chunk that was read last is not read again.
    ///
    /// - Parameters:
    ///   - chunk: The chunk.
    ///   - isCovered: Whether the caller checks the name of something larger that holds the chunk, such as
    ///     the ID of an output, before anything relies on the content. Each byte is then hashed once. The
    ///     chunk's own SHA-256 is not checked, but the checksum of its frame is.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if the frame does not
    ///   have its checksum or is not a frame of that length, or if its content does not have its SHA-256.
    mutating func read(_ chunk: ChunkRecord, isCovered: Bool = false) throws(CacheStoreError) {
        if chunk == last {
            if isCovered || isChecked { return }
            last = nil
            try FrameDecoder.check(content.span, of: chunk, in: frames)
            (last, isChecked) = (chunk, true)
            return
        }
        do {
            try read(chunk, from: frames, isCovered: isCovered)
        } catch {
            guard error.code == .corruptArchive, try readSpare(of: chunk) else { throw error }
        }
    }

    /// Returns the error for something that does not have its name, although its chunks were read: that of
    /// the chunk that is wrong, if one is.
    ///
    /// - Parameters:
    ///   - chunks: The chunks that were read without a check of their own.
    ///   - error: The error if all of them are right.
    ///   - check: Called before each chunk; an error that it throws ends the search.
    /// - Returns: The error.
    /// - Throws: The error of `check`.
    mutating func fault(
        among chunks: some Sequence<ChunkRecord>,
        otherwise error: CacheStoreError,
        check: () throws -> Void
    ) rethrows -> CacheStoreError {
        for chunk in chunks {
            try check()
            do { try read(chunk) } catch let fault { return fault }
        }
        return error
    }

    /// Reads the content of a chunk from the first sound frame that another file has of it.
    ///
    /// - Returns: Whether there is such a frame.
    private mutating func readSpare(of chunk: ChunkRecord) throws(CacheStoreError) -> Bool {
        guard let spares else { return false }
        for place in try spares.places(of: chunk) {
            do {
                try read(place.record, from: spares.files[place.input], isCovered: false)
            } catch {
                if error.code == .corruptArchive { continue }
                throw error
            }
            spares.note(place, for: chunk)
            (last, isChecked) = (chunk, true)
            return true
        }
        return false
    }

    private mutating func read(
        _ chunk: ChunkRecord,
        from frames: FrameFile,
        isCovered: Bool
    ) throws(CacheStoreError) {
        last = nil
        try frames.read([chunk], into: &frame)
        // The buffer is moved out of the reader while it is filled.
        var buffer: [UInt8] = []
        swap(&buffer, &content)
        defer { swap(&buffer, &content) }
        try decoder.decode(frame.span, of: chunk, in: frames, isCovered: isCovered, into: &buffer)
        (last, isChecked) = (chunk, !isCovered)
    }

    /// Reserves room for chunks of any length in ``content`` and for their frames.
    ///
    /// Memory is used only as far as it is written. Buffers of this length go back to the system as a whole
    /// (``Memory/returnLargeBlocks()``), and those that grow step by step leave gaps.
    mutating func reserve() {
        if content.capacity < FormatLimits.chunkSize { content.reserveCapacity(FormatLimits.chunkSize) }
        if frame.capacity < FormatLimits.chunkSize { frame.reserveCapacity(FormatLimits.chunkSize) }
    }

    /// Gives the memory of ``content`` and of its frame back.
    mutating func discard() {
        last = nil
        (frame, content) = ([], [])
    }

    /// Reads a part of a stream.
    ///
    /// - Parameters:
    ///   - range: The range of the part, in bytes; bytes behind the stream's end are left out.
    ///   - chunks: The stream's chunks.
    ///   - body: Called with the part, piece by piece.
    /// - Throws: The errors of ``read(_:)``, or the error of `body`.
    /// - Complexity: O(*n*) in the sizes of the chunks that hold the part; the chunk that was read last is
    ///   not read again.
    mutating func read(
        _ range: Range<Int>,
        of chunks: some Collection<ChunkRecord>,
        _ body: (ArraySlice<UInt8>) throws -> Void
    ) throws {
        var offset = 0
        for chunk in chunks {
            let part = range.clamped(to: offset..<offset + chunk.contentBytes)
            if !part.isEmpty {
                if last?.id != chunk.id || !isChecked { try read(chunk) }
                try body(content[part.lowerBound - offset..<part.upperBound - offset])
            }
            offset += chunk.contentBytes
        }
    }

    /// Returns the error for a tree that was read and does not have its `h1:` hash.
    ///
    /// - Parameters:
    ///   - tree: The tree.
    ///   - chunks: The chunks of the archive.
    ///   - check: Called before each chunk that is read again; an error that it throws ends the search.
    /// - Returns: The error.
    /// - Throws: The error of `check`.
    mutating func wrongHash(
        of tree: MemberSet.Tree,
        _ chunks: [ChunkRecord],
        check: () throws -> Void
    ) rethrows -> CacheStoreError {
        try fault(
            among: tree.chunks.numbers.lazy.map { chunks[$0] },
            otherwise: damaged(chunks, tree, "the tree does not have its h1 hash"),
            check: check
        )
    }

    /// Returns the error for a tree that does not agree with the index.
    func damaged(_ chunks: [ChunkRecord], _ tree: MemberSet.Tree, _ message: String) -> CacheStoreError {
        frames.damaged(chunks[tree.manifest.first ?? ChunkNumber(0)], message)
    }

    /// Returns the error for a chunk that does not agree with the index.
    func damaged(_ chunk: ChunkRecord, _ message: String) -> CacheStoreError {
        frames.damaged(chunk, message)
    }
}
