import SystemPackage

/// The root directory of a cache, locked while a restore writes to it.
///
/// The lock keeps two restores from writing to one cache at the same time. Both caches may be one directory,
/// which then has one lock.
final class CacheRoot: Sendable {
    /// The lock on a directory, which ends with the last cache that uses the directory.
    private final class Lock: Sendable {
        let file: File
        init(_ file: consuming File) { self.file = file }
    }

    let directory: Directory
    private let identity: FileStatus.Identity
    private let lock = Gathered<Lock?>(nil)

    private init(_ directory: consuming Directory) throws(CacheStoreError) {
        self.directory = directory
        identity = try self.directory.identity()
    }

    /// Opens a directory to look at it, without a lock; returns `nil` if there is none.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    static func existing(_ path: FilePath) throws(CacheStoreError) -> CacheRoot? {
        guard let directory = try Directory.existing(path) else { return nil }
        return try CacheRoot(directory)
    }

    /// Creates the directories that are missing, and waits until no other restore holds their locks.
    ///
    /// A thread of its own does the waiting. On one of Swift's few threads, the wait could keep the other
    /// restore from ever ending.
    ///
    /// - Parameters:
    ///   - caches: The directories.
    ///   - counters: The counters to which a long wait is reported.
    /// - Returns: The locked roots.
    /// - Throws: ``CacheStoreError`` as the system says, or `CancellationError`.
    static func locking(
        _ caches: GoCaches,
        _ counters: ProgressCounters
    ) async throws -> (build: CacheRoot?, module: CacheRoot?) {
        try await WorkerThreads.performCancellable { cancellation in
            let build = try caches.buildCache.map { try CacheRoot(Directory.creating($0)) }
            let module = try caches.moduleCache.map { try CacheRoot(Directory.creating($0)) }
            // All restores lock in one order, so that no two of them wait for each other.
            let roots = [build, module].compactMap(\.self).sorted {
                ($0.identity.device, $0.identity.inode) < ($1.identity.device, $1.identity.inode)
            }
            var last: CacheRoot?
            for root in roots {
                if let last, last.identity == root.identity {
                    let shared = last.lock.value
                    root.lock.update { $0 = shared }
                } else {
                    let file = try root.directory.lockFile()
                    try counters.lock(file, at: root.path, cancellation)
                    let own = Lock(file)
                    root.lock.update { $0 = own }
                }
                last = root
            }
            return (build, module)
        }
    }

    /// The path of the directory.
    var path: FilePath { directory.path }

    /// The number of the file system that holds the directory.
    var device: UInt64 { UInt64(identity.device) }

    /// Waits until all data of the directory's file system are on the disk.
    func synchronize() throws(CacheStoreError) { try lock.value?.file.synchronizeFileSystem() }
}
