import CacheStore
import Synchronization
import SystemPackage

/// The warnings that an operation waits for another process, one for each lock.
///
/// They are printed at once and even without a terminal, so that a wait does not look like a hang.
final class WaitNotice: Sendable {
    private let last = Mutex<FilePath?>(nil)

    /// Prints a warning if the operation has begun to wait.
    func note(_ progress: OperationProgress) {
        guard let path = progress.awaitedLock else { return }
        let isNew = last.withLock { last in
            defer { last = path }
            return last != path
        }
        guard isNew else { return }
        ProgressLine.shared.clear()
        StandardError.write(
            Message(.warning, "waiting, because another process works on `\(path)` and holds its lock")
        )
    }
}
