/// An executor that runs the jobs of tasks one after another on one thread.
///
/// Swift's own executor has as many threads as the machine has processors. A thread of it that waits for
/// another task may be the only one. This executor goes on even then.
package final class ExecutorThread: TaskExecutor {
    private let jobs = Monitor<[UnownedJob]>([])

    /// Creates an executor, which runs nothing before ``run()`` is called.
    package init() {}

    /// Adds a job that is ready to run.
    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
        jobs.broadcast()
    }

    /// Runs jobs on the calling thread without end.
    package func run() -> Never {
        while true {
            let ready = jobs.wait(until: { !$0.isEmpty }) { jobs in
                defer { jobs.removeAll() }
                return jobs
            }
            for job in ready { unsafe job.runSynchronously(on: asUnownedTaskExecutor()) }
        }
    }

    /// The executor of tasks for whose results threads wait; `nil` if the system has no thread for it.
    ///
    /// It lives as long as the process.
    static let shared: ExecutorThread? = {
        let executor = ExecutorThread()
        return (try? WorkerThreads.start { executor.run() }).map { executor }
    }()
}
