import SystemPackage

/// An open file that holds frames; it is closed when its last user goes away.
final class FrameFile: Sendable {
    let file: File

    /// The path by which the file was opened.
    var path: FilePath { file.path }

    init(_ file: consuming File) { self.file = file }

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

    /// Returns the error for a frame that does not agree with the index.
    func damaged(_ chunk: ChunkRecord, _ message: String) -> CacheStoreError {
        CacheStoreError(
            .corruptArchive,
            "damaged archive: \(message) (chunk \(chunk.id))",
            path: path,
            offset: chunk.offset,
            remedy: .recoverContent
        )
    }
}
