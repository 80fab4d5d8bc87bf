/// The stamp on the entries that were in GOCACHE before the restore.
extension BuildCacheRestore {
    /// Gives the time of the restored entries to all action entries that have a later time.
    ///
    /// Such entries were made or used before the restore, or were sealed. Go would not mark its next use of
    /// them. An earlier time stays, so that Go still removes entries that nobody uses.
    ///
    /// Entries that another user owns keep their times, and are then taken for used.
    ///
    /// - Parameter threads: The number of threads to use.
    /// - Throws: ``CacheStoreError`` as the system says, or `CancellationError`.
    func stampOtherEntries(threads: Int) async throws {
        guard let time else { return }
        let indexes = (0..<256).filter { !subdirectories.wasEmpty($0) }
        let root = root
        try await WorkerThreads.forEach(below: indexes.count, threads: threads, state: { true }) {
            _,
            position,
            _ in
            let name = BuildCacheLayout.subdirectory(indexes[position])
            guard let directory = try root.directory.directory(name) else { return }
            for entry in try directory.names().valid where entry.hasSuffix("-a") {
                try Self.stamp(entry, in: directory, time)
            }
        }
    }

    /// Gives a time to an entry that has a later one.
    private static func stamp(
        _ entry: String,
        in directory: borrowing Directory,
        _ time: Int
    ) throws(CacheStoreError) {
        guard let status = try directory.status(of: entry), status.modified > time else { return }
        do throws(CacheStoreError) {
            try directory.setTimes(of: entry, time)
        } catch {
            // The entry has another owner, or Go has removed it.
            guard error.code == .permissionDenied || error.code == .notFound else { throw error }
        }
    }
}
