import SystemPackage

/// A cache's own directory, locked for as long as a restore writes to it, so that two restores do not meet.
final class CacheRoot: Sendable {
    let directory: Directory
    private let lock: File

    private init(_ path: FilePath, _ cancellation: WorkerThreads.Cancellation) throws {
        directory = try Directory.creating(path)
        lock = try directory.lock { try cancellation.check() }
    }

    /// Creates a directory if it is missing, and waits until no other restore has it locked.
    ///
    /// The wait is on a thread of its own: on one of Swift's few threads, it could keep the other restore from ever
    /// ending.
    static func locking(_ path: FilePath) async throws -> CacheRoot {
        try await WorkerThreads.performCancellable { cancellation in try CacheRoot(path, cancellation) }
    }

    /// The path of the directory.
    var path: FilePath { directory.path }

    /// Returns the number of the file system that the directory lies on.
    func device() throws(CacheStoreError) -> UInt64 { UInt64(try lock.status().device) }

    /// Waits until all data of the directory's file system is on the disk.
    func synchronize() throws(CacheStoreError) { try lock.synchronizeFileSystem() }
}
