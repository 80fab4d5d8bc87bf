import CacheStore
import Synchronization

/// The executor of all tasks: the main thread.
///
/// Swift's own executor starts threads of its own. Where the system has none left, it tries again without
/// end, and the process hangs. On this executor, a command needs no thread beyond those of its operation,
/// which report an error if they can't be started.
enum MainThread {
    /// The only executor of this process.
    static let shared = ExecutorThread()

    private static let isRunning = Atomic<Bool>(false)

    /// The executor, or `nil` in a process whose main thread runs no jobs, as that of a test.
    static var preferred: (any TaskExecutor)? {
        isRunning.load(ordering: .acquiring) ? shared : nil
    }

    /// Runs jobs on the calling thread, until one of them ends the process.
    static func run() -> Never {
        isRunning.store(true, ordering: .releasing)
        shared.run()
    }
}
