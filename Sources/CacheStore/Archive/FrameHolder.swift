/// A file with frames, and the knowledge of which chunks the frames hold.
struct FrameHolder: Sendable {
    /// The source of a file's list of chunks.
    enum Chunks: Sendable {
        /// The list in the index of an archive, which is known to have its SHA-256.
        case indexed(Archive)
        /// The chunks that a walk through the frames has found, for a file whose index is lost.
        case found([ChunkRecord])
    }

    let frames: FrameFile
    let chunks: Chunks

    /// Creates the holder of an archive's frames.
    init(_ archive: Archive) { (frames, chunks) = (archive.frames, .indexed(archive)) }

    /// Creates the holder of frames that a walk has found.
    init(_ frames: FrameFile, found records: [ChunkRecord]) {
        (self.frames, chunks) = (frames, .found(records))
    }

    /// Calls `body` with each chunk, in the order of the frames.
    ///
    /// - Throws: The error of `body`, or ``CacheStoreError``.
    func forEachChunk(_ body: (ChunkRecord) throws -> Void) throws {
        switch chunks {
        case .indexed(let archive): try archive.index(isChecked: true).forEachChunk(body)
        case .found(let records): try records.forEach(body)
        }
    }
}
