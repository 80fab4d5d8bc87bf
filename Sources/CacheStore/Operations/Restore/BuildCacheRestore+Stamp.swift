/// The stamp on the entries that were in GOCACHE before the restore.
extension BuildCacheRestore {
    /// Gives the time of the restored entries to all action entries whose time is far in the future.
    ///
    /// Such entries were sealed, and Go would not mark its next use of them. All others keep their times: see
    /// ``EntryTimes``.
    ///
    /// - Parameter threads: The number of threads to use.
    /// - Throws: ``CacheStoreError`` as the system says, or `CancellationError`.
    func stampOtherEntries(threads: Int) async throws {
        guard let times else { return }
        let indexes = (0..<256).filter { !subdirectories.wasEmpty($0) }
        try await WorkerThreads.forEach(below: indexes.count, threads: threads, state: { true }) {
            _,
            position,
            _ in
            let name = BuildCacheLayout.subdirectory(indexes[position])
            guard let directory = try root.directory.directory(name) else { return }
            for entry in try directory.names().valid where entry.hasSuffix("-a") {
                guard let status = try directory.status(of: entry),
                    let time = times.change(ofOther: status.modified)
                else { continue }
                try setTime(time, of: entry, in: directory)
            }
        }
    }

    /// Sets the time of an entry that was there before.
    ///
    /// An entry of another user keeps its time if the cache is stamped: a later pack takes all entries that
    /// this user can't mark for used. In a cache that is sealed, such an entry is an error.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func setTime(
        _ time: Int,
        of entry: String,
        in directory: borrowing Directory
    ) throws(CacheStoreError) {
        do throws(CacheStoreError) {
            try directory.setTimes(of: entry, time)
        } catch {
            // Go may have removed the entry.
            guard case .stamped = times, [.permissionDenied, .notFound].contains(error.code) else {
                throw error
            }
        }
    }
}
