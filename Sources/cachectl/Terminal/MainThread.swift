import CacheStore

/// The executor of all tasks: the main thread.
///
/// Swift's own executor starts threads of its own. Where the system has none left, it tries again without
/// end, and the process hangs. On this executor, a command needs no thread beyond those of its operation,
/// which report an error if they can't be started.
final class MainThread: TaskExecutor {
    /// The only executor of this process.
    static let shared = MainThread()

    private let jobs = Monitor<[UnownedJob]>([])

    private init() {}

    /// Adds a job that is ready to run.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        jobs.broadcast()
    }

    /// Runs jobs on the calling thread, until one of them ends the process.
    func run() -> Never {
        while true {
            let ready = jobs.wait(until: { !$0.isEmpty }) { jobs in
                defer { jobs.removeAll() }
                return jobs
            }
            for job in ready { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }
}
