import SystemPackage

/// An open file that holds frames; it is closed when its last user goes away.
final class FrameFile: IndexOwner, Sendable {
    let file: File

    /// The path by which the file was opened.
    var path: FilePath { file.path }

    /// The status of the file when it was opened.
    private let opened: FileStatus

    /// Takes over an open file.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    init(_ file: consuming File) throws(CacheStoreError) {
        opened = try file.status()
        self.file = file
    }

    func explaining(_ error: CacheStoreError) -> CacheStoreError {
        let codes: [CacheStoreError.Code] = [.corruptArchive, .notAnArchive, .unsafePath]
        guard codes.contains(error.code), (try? isUnchanged) == false else { return error }
        return .changed(path)
    }

    /// Whether nobody has written to the file since it was opened, as its length and time tell.
    ///
    /// The owner and the mode may have changed, and so may the name.
    var isUnchanged: Bool {
        get throws(CacheStoreError) {
            let now = try file.status()
            return (now.size, now.modified, now.modifiedNanoseconds)
                == (opened.size, opened.modified, opened.modifiedNanoseconds)
        }
    }

    /// Reads frames that lie end to end into `buffer`, and checks the stored bytes of each frame.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or for a system
    ///   error.
    func read(_ run: [ChunkRecord], into buffer: inout [UInt8]) throws(CacheStoreError) {
        guard let first = run.first, let last = run.last else { return }
        try file.read(
            at: first.offset,
            count: last.offset + last.storedBytes - first.offset,
            into: &buffer
        )
        for chunk in run {
            let start = chunk.offset - first.offset
            guard buffer.count >= start + chunk.storedBytes,
                XXH64.hash(buffer.span.extracting(start..<start + chunk.storedBytes)) == chunk.checksum
            else { throw damaged(chunk, "the frame does not have its checksum") }
        }
    }

    /// Returns the SHA-256 of some bytes, or of those that the file has.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    func id(ofBytesAt offset: Int, count: Int) throws(CacheStoreError) -> ObjectID {
        var hasher = ContentHasher()
        var piece: [UInt8] = []
        for start in stride(from: 0, to: count, by: 1 << 20) {
            try file.read(at: offset + start, count: min(1 << 20, count - start), into: &piece)
            hasher.update(piece.span)
        }
        return hasher.finish()
    }

    /// Returns the error for a frame that does not agree with the index.
    func damaged(_ chunk: ChunkRecord, _ message: String) -> CacheStoreError {
        explaining(
            CacheStoreError(
                .corruptArchive,
                "damaged archive: \(message)\(CacheStoreError.naming(chunk: chunk.id))",
                path: path,
                offset: chunk.offset,
                remedy: .recoverContent
            )
        )
    }
}
