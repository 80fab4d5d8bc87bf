package import SystemPackage

extension Archive {
    /// Copies an archive to a file from its first byte to its last, for a server that gives no ranges.
    ///
    /// The index and every frame are checked before the file gets its name.
    ///
    /// - Parameters:
    ///   - remote: The archive.
    ///   - path: The new archive.
    ///   - overwrite: Whether it may replace another file.
    ///   - counters: The counters to add to.
    /// - Returns: The new archive.
    /// - Throws: The errors of ``init(opening:)``, the error of `remote`, or `CancellationError`.
    /// - Complexity: O(*n*) in the length of the file.
    package static func download(
        _ remote: any RemoteFile,
        to path: FilePath,
        overwrite: Bool,
        _ counters: ProgressCounters
    ) async throws -> Archive {
        let writer = try ArchiveWriter(to: path, overwrite: overwrite)
        counters.begin("copying", bytes: remote.byteCount, items: 0)
        do {
            let position = Gathered(0)
            try await remote.read(0..<remote.byteCount) { bytes in
                try writer.write(bytes, at: position.value)
                position.update { $0 += bytes.count }
                counters.add(bytes: bytes.count, items: 0)
            }
            return try await WorkerThreads.performCancellable { cancellation in
                let archive = try Archive(writer.frames())
                var frame: [UInt8] = []
                try archive.index().forEachChunk { chunk in
                    try cancellation.check()
                    try archive.frames.read([chunk], into: &frame)
                }
                try writer.publish()
                return archive
            }
        } catch {
            writer.discard()
            throw error
        }
    }

    /// The length of the pieces in which an archive is copied, in bytes.
    private static let copySize = 1 << 20

    /// Copies the archive to a file, byte for byte.
    ///
    /// An archive that lies elsewhere is read over several connections at once. What was copied takes no room
    /// in its scratch file any more.
    ///
    /// - Parameters:
    ///   - path: The new archive; it appears under this name only when it is complete.
    ///   - overwrite: Whether it may replace another file.
    ///   - digest: The SHA-256 that the whole file must have; `nil` if that is not known.
    ///   - counters: The counters to add to.
    /// - Throws: ``CacheStoreError``, with code ``CacheStoreError/Code/corruptArchive`` if the file does not
    ///   have the digest; or `CancellationError`.
    /// - Complexity: O(*n*) in the length of the file.
    package func copy(
        to path: FilePath,
        overwrite: Bool,
        digest: ObjectID?,
        _ counters: ProgressCounters
    ) async throws {
        let writer = try ArchiveWriter(to: path, overwrite: overwrite)
        counters.begin("copying", bytes: fileBytes, items: 0)
        frames.file.remote?.prepare([0..<fileBytes])
        do {
            try await WorkerThreads.performCancellable { cancellation in
                var (hasher, piece) = (ContentHasher(), [UInt8]())
                for start in stride(from: 0, to: fileBytes, by: Self.copySize) {
                    try cancellation.check()
                    let count = min(Self.copySize, fileBytes - start)
                    try frames.file.read(at: start, count: count, into: &piece)
                    guard piece.count == count else { throw CacheStoreError.changed(self.path) }
                    hasher.update(piece.span)
                    try writer.write(piece.span, at: start)
                    frames.file.remote?.release(start..<start + count)
                    counters.add(bytes: count, items: 0)
                }
                guard digest == nil || hasher.finish() == digest else {
                    throw CacheStoreError(
                        .corruptArchive,
                        "damaged archive: the file does not have its SHA-256",
                        path: self.path,
                        remedy: .packAgain
                    )
                }
                try writer.publish()
            }
        } catch {
            writer.discard()
            throw error
        }
    }
}
