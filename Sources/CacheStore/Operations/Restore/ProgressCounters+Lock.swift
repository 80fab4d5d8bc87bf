import SystemPackage

extension ProgressCounters {
    /// Takes a lock, and reports the wait if it is long.
    ///
    /// - Parameters:
    ///   - file: The file or directory to lock.
    ///   - path: Its path, for the report.
    ///   - cancellation: The cancellation, which ends the wait.
    /// - Throws: `CancellationError`, or ``CacheStoreError`` as the system says.
    func lock(
        _ file: borrowing File,
        at path: FilePath,
        _ cancellation: WorkerThreads.Cancellation
    ) throws {
        let begin = ContinuousClock.now
        var isReported = false
        defer { if isReported { report(awaitedLock: nil) } }
        try file.lock {
            try cancellation.check()
            guard !isReported, .now - begin >= .seconds(2) else { return }
            isReported = true
            report(awaitedLock: path)
        }
    }
}
