/// A reader of an archive's chunks, which checks each chunk before its bytes are used.
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

    /// The chunk that was read last, or `nil` if its content is not known to be right.
    private var last: ChunkRecord?

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
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if the frame does not
    ///   have its checksum or is not a frame of that length, or if its content does not have its SHA-256.
    mutating func read(_ chunk: ChunkRecord) throws(CacheStoreError) {
        if chunk == last { return }
        do {
            try read(chunk, from: frames)
        } catch {
            guard error.code == .corruptArchive, try readSpare(of: chunk) else { throw error }
        }
    }

    /// Reads the content of a chunk from the first sound frame that another file has of it.
    ///
    /// - Returns: Whether there is such a frame.
    private mutating func readSpare(of chunk: ChunkRecord) throws(CacheStoreError) -> Bool {
        guard let spares else { return false }
        for place in try spares.places(of: chunk) {
            do {
                try read(place.record, from: spares.files[place.input])
            } catch {
                if error.code == .corruptArchive { continue }
                throw error
            }
            spares.note(place, for: chunk)
            last = chunk
            return true
        }
        return false
    }

    private mutating func read(_ chunk: ChunkRecord, from frames: FrameFile) throws(CacheStoreError) {
        last = nil
        try frames.read([chunk], into: &frame)
        // The buffer is moved out of the reader while it is filled.
        var buffer: [UInt8] = []
        swap(&buffer, &content)
        defer { swap(&buffer, &content) }
        try decoder.decode(frame.span, of: chunk, in: frames, into: &buffer)
        last = chunk
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
                if last?.id != chunk.id { try read(chunk) }
                try body(content[part.lowerBound - offset..<part.upperBound - offset])
            }
            offset += chunk.contentBytes
        }
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
