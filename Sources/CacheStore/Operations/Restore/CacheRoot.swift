import SystemPackage

/// The root directory of a cache, locked while a restore writes to it.
///
/// The lock keeps two restores from writing to one cache at the same time.
final class CacheRoot: Sendable {
    let directory: Directory
    private let lock: File

    private init(
        _ path: FilePath,
        _ other: CacheRoot?,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        directory = try Directory.creating(path)
        if let other, try directory.isSame(as: other.directory) {
            // The lock of one would wait for the lock of the other.
            throw CacheStoreError(.badArgument, "GOCACHE and GOMODCACHE are one directory", path: path)
        }
        lock = try directory.lock { try cancellation.check() }
    }

    /// Creates a directory if it is missing, and waits until no other restore holds its lock.
    ///
    /// A thread of its own does the waiting. On one of Swift's few threads, the wait could keep the other
    /// restore from ever ending.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - other: The root of the other cache, which must be another directory.
    /// - Returns: The locked root.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` if both are the same,
    ///   or as the system says; or `CancellationError`.
    static func locking(_ path: FilePath, apartFrom other: CacheRoot? = nil) async throws -> CacheRoot {
        try await WorkerThreads.performCancellable { cancellation in try CacheRoot(path, other, cancellation)
        }
    }

    /// The path of the directory.
    var path: FilePath { directory.path }

    /// Returns the number of the file system that holds the directory.
    func device() throws(CacheStoreError) -> UInt64 { UInt64(try lock.status().device) }

    /// Waits until all data of the directory's file system are on the disk.
    func synchronize() throws(CacheStoreError) { try lock.synchronizeFileSystem() }
}
