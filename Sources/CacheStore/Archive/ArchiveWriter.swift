import Synchronization
import SystemPackage

/// Writes an archive: frames at their offsets, then the trailer; the file gets its name last.
///
/// A class, because the workers that write frames share it. Dropped before its end, it leaves nothing behind.
final class ArchiveWriter: Sendable {
    private let output: TemporaryFile
    private let path: FilePath
    private let overwrite: Bool

    /// The bytes written since the system was last asked to write to the disk.
    private let unsent = Atomic<Int>(0)

    /// After how many bytes it is asked again.
    private static let sendingSize = 16 << 20

    /// Begins an archive under a temporary name beside `path`.
    ///
    /// - Parameters:
    ///   - path: Its final name.
    ///   - overwrite: Whether it may replace another file.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/exists``, or as the system says.
    init(to path: FilePath, overwrite: Bool) throws(CacheStoreError) {
        output = try TemporaryFile(for: path, overwrite: overwrite)
        self.path = path
        self.overwrite = overwrite
    }

    /// Runs `body` with a writer, and removes what it has written if `body` throws.
    ///
    /// - Parameters:
    ///   - path: The archive's final name.
    ///   - overwrite: Whether it may replace another file.
    ///   - body: Writes the archive.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or as ``init(to:overwrite:)`` does.
    static func writing<Result>(
        to path: FilePath,
        overwrite: Bool,
        _ body: (ArchiveWriter) async throws -> Result
    ) async throws -> Result {
        let writer = try ArchiveWriter(to: path, overwrite: overwrite)
        do {
            return try await body(writer)
        } catch {
            writer.discard()
            throw error
        }
    }

    /// Removes what was written, unless it is finished.
    func discard() { output.discard() }

    /// Writes bytes of frames at an offset.
    ///
    /// What is written goes to the disk meanwhile, so that little is left to wait for at the end.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func write(_ bytes: Span<UInt8>, at offset: Int) throws(CacheStoreError) {
        try output.file.write(bytes, at: offset)
        if unsent.add(bytes.count, ordering: .relaxed).newValue >= Self.sendingSize {
            unsent.store(0, ordering: .relaxed)
            output.file.beginSynchronizing()
        }
    }

    /// Reads back bytes of frames that were written.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func read(at offset: Int, count: Int, into buffer: inout [UInt8]) throws(CacheStoreError) {
        try output.file.read(at: offset, count: count, into: &buffer)
    }

    /// Writes the index and the trailer of an archive of `set`, and publishes the file.
    ///
    /// - Parameters:
    ///   - set: The members; all of their frames have been written at their offsets.
    ///   - digest: Their digest.
    /// - Returns: The length of the file, in bytes.
    /// - Throws: ``CacheStoreError``.
    func finish(_ set: MemberSet, digest: ObjectID) throws -> Int {
        try finish(IndexWriter.write(set, digest: digest, beside: path))
    }

    /// Writes the trailer of the archive, and publishes the file.
    ///
    /// - Parameter index: The index of its members; all of their frames have been written at their offsets.
    /// - Returns: The length of the file, in bytes.
    /// - Throws: ``CacheStoreError``.
    func finish(_ index: IndexFile) throws(CacheStoreError) -> Int {
        let offset = Trailer.imageOffset(after: index.framesSize)
        var hasher = ContentHasher()
        try index.forEachPiece { (position, piece) throws(CacheStoreError) in
            hasher.update(piece)
            try output.file.write(piece, at: offset + position)
        }
        let trailer = Trailer(framesSize: index.framesSize, imageSize: index.size, imageID: hasher.finish())
        guard let head = trailer.head else {
            throw CacheStoreError(.badArgument, "the index would be longer than 4 GiB", path: path)
        }
        try output.file.write(head.span, at: trailer.framesSize)
        try output.file.write(trailer.tail.span, at: trailer.imageOffset + trailer.imageSize)
        try output.publish(overwrite: overwrite)
        return trailer.fileSize
    }
}
