import Synchronization
import SystemPackage

/// A writer of an archive: it writes the frames at their offsets, then the trailer.
///
/// The file gets its name last. The writer is a class, because the workers that write frames share it. A
/// writer that goes away before it has finished leaves nothing behind.
final class ArchiveWriter: Sendable {
    private let output: TemporaryFile
    private let path: FilePath
    private let overwrite: Bool

    /// The number of bytes written since the system was last asked to write to the disk.
    private let unsent = Atomic<Int>(0)

    /// The number of bytes after which the system is asked again to write to the disk.
    private static let sendingSize = 16 << 20

    /// Begins an archive under a temporary name beside `path`.
    ///
    /// - Parameters:
    ///   - path: The archive's final name.
    ///   - overwrite: Whether the archive may replace another file.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/exists``, or for a system error.
    init(to path: FilePath, overwrite: Bool) throws(CacheStoreError) {
        output = try TemporaryFile(for: path, overwrite: overwrite)
        self.path = path
        self.overwrite = overwrite
    }

    /// Runs `body` with a writer and with counters that are reported, and removes the file if `body` throws.
    ///
    /// - Parameters:
    ///   - path: The archive's final name.
    ///   - overwrite: Whether the archive may replace another file.
    ///   - progress: Called with the progress of the work.
    ///   - body: Called to write the archive.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`, or the errors of ``init(to:overwrite:)``.
    static func writing<Result>(
        to path: FilePath,
        overwrite: Bool,
        _ progress: ProgressHandler?,
        _ body: (ArchiveWriter, ProgressCounters) async throws -> Result
    ) async throws -> Result {
        try await ProgressCounters.reporting(to: progress) { counters in
            let writer = try ArchiveWriter(to: path, overwrite: overwrite)
            do {
                return try await body(writer, counters)
            } catch {
                writer.discard()
                throw error
            }
        }
    }

    /// Removes the file, unless it is finished.
    func discard() { output.discard() }

    /// Writes bytes of frames at an offset.
    ///
    /// The system writes to the disk at the same time, so that little is left to wait for at the end.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(CacheStoreError) {
        try output.file.write(bytes, at: offset)
        if unsent.add(bytes.count, ordering: .relaxed).newValue >= Self.sendingSize {
            unsent.store(0, ordering: .relaxed)
            output.file.beginSynchronizing()
        }
    }

    /// Removes all bytes that were written, so that the frames can be laid out again.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    func restart() throws(CacheStoreError) { try output.file.clear() }

    /// Reads back bytes of frames that were written before.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    func read(at offset: Int, count: Int, into buffer: inout [UInt8]) throws(CacheStoreError) {
        try output.file.read(at: offset, count: count, into: &buffer)
    }

    /// Opens what was written, to read it back.
    ///
    /// - Throws: ``CacheStoreError`` for a system error.
    func frames() throws(CacheStoreError) -> FrameFile { try FrameFile(output.file.duplicate()) }

    /// Writes the index and the trailer of an archive of `set`, and publishes the file.
    ///
    /// - Parameters:
    ///   - set: The members; all of their frames have been written at their offsets.
    ///   - digest: The digest of the members.
    /// - Returns: The trailer.
    /// - Throws: ``CacheStoreError``.
    func finish(_ set: MemberSet, digest: ObjectID) throws -> Trailer {
        let index = try IndexWriter.write(set, digest: digest, beside: path)
        try index.checkContent(mostly: set.outputs.max { $0.size < $1.size })
        return try finish(index)
    }

    /// Writes the index and the trailer of an archive of `set`, and publishes the file.
    ///
    /// - Parameter set: The members; all of their frames have been written at their offsets.
    /// - Returns: The digest of the members, and the archive in figures.
    /// - Throws: ``CacheStoreError``.
    func finish(_ set: MemberSet) throws -> (digest: ObjectID, totals: ArchiveTotals) {
        let digest = set.digest
        let trailer = try finish(set, digest: digest)
        return (digest, ArchiveTotals(of: set, fileBytes: trailer.fileSize))
    }

    /// Writes the index and the trailer of the archive, and publishes the file.
    ///
    /// - Parameter index: The index of the members; all of their frames have been written at their offsets.
    /// - Returns: The trailer.
    /// - Throws: ``CacheStoreError``.
    func finish(_ index: IndexFile) throws -> Trailer {
        try index.checkContent()
        try checkZips(of: index)
        let trailer = try Trailer(writing: index, beside: path) { (offset, piece) throws(CacheStoreError) in
            try output.file.write(piece, at: offset)
        }
        try publish()
        return trailer
    }

    /// Gives the file its name; all of its bytes have been written.
    ///
    /// - Throws: ``CacheStoreError``.
    func publish() throws(CacheStoreError) { try output.publish(overwrite: overwrite) }

    /// Refuses stored zips that no reader would inflate.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/damagedCache``, or for a system error.
    private func checkZips(of index: IndexFile) throws {
        // The index is read again only where the lengths of the zips leave a doubt.
        let most = index.contentBytes + index.mostZippedBytes
        guard most > FormatLimits.content(ofFrames: index.framesSize) else { return }
        let reader = try index.reader()
        let zips = ZippedContent(of: try reader.modules(), in: reader)
        let frames = try ChunkReader(frames())
        if let module = try zips.firstBeyondLimit(with: frames) {
            throw ZippedContent.excess(of: module, index.framesSize, in: path)
        }
    }
}
