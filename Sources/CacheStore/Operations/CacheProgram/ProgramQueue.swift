/// The gets that wait for a thread, and the threads that answer them.
final class ProgramQueue: Sendable {
    /// The answer to a get; an error that it throws ends the program.
    typealias Job = @Sendable (ProgramWorker) throws -> Void

    private struct State {
        var jobs: [Job] = []
        /// The place of the next job.
        var next = 0
        var threads = 0
        /// The threads that wait for a job.
        var idle = 0
        var isFinished = false
        var failure: (any Error)?

        /// The number of jobs that wait.
        var waiting: Int { jobs.count - next }

        var isEmpty: Bool { waiting == 0 }

        mutating func take() -> Job? {
            guard !isEmpty else { return nil }
            defer {
                next += 1
                if isEmpty { (jobs, next) = ([], 0) }
            }
            return jobs[next]
        }
    }

    private let state = Monitor(State())
    private let limit: Int

    /// The number of waiting jobs from which on no more are taken; Go itself has some ten requests per
    /// processor under way.
    private static let capacity = 4096

    /// Creates a queue of at most `limit` threads.
    init(limit: Int) { self.limit = limit }

    /// Adds a job.
    ///
    /// Where the system has no thread for the job, the caller does it before this returns.
    ///
    /// - Throws: The error of a job that has failed.
    func add(_ job: @escaping Job) throws {
        let startsThread = state.wait(until: { $0.waiting < Self.capacity }) { state in
            state.jobs.append(job)
            let isNeeded = state.waiting > state.idle && state.threads < limit
            if isNeeded { state.threads += 1 }
            return isNeeded
        }
        try throwFailure()
        guard startsThread else { return state.broadcast() }
        do throws(CacheStoreError) {
            try WorkerThreads.start { [self] in work() }
        } catch {
            let others = state.withLock { state in
                state.threads -= 1
                return state.threads
            }
            if others == 0 { try workHere() } else { state.broadcast() }
        }
    }

    /// Does the jobs that wait, on the caller's thread.
    private func workHere() throws {
        let worker = ProgramWorker()
        while let job = state.withLock({ $0.take() }) { try job(worker) }
    }

    /// Waits until all jobs are done.
    func finish() {
        state.withLock { $0.isFinished = true }
        state.broadcast()
        state.wait(until: { $0.threads == 0 }) { _ in }
    }

    /// Throws the error of the first job that has failed, if there is one.
    func throwFailure() throws {
        if let failure = state.withLock({ $0.failure }) { throw failure }
    }

    /// Does jobs until there are no more.
    private func work() {
        let worker = ProgramWorker()
        while let job = next() {
            do {
                try job(worker)
            } catch {
                state.withLock { $0.failure = $0.failure ?? error }
            }
        }
        state.broadcast()
    }

    private func next() -> Job? {
        state.withLock { $0.idle += 1 }
        let (job, wasFull) = state.wait(until: { !$0.isEmpty || $0.isFinished }) { state in
            state.idle -= 1
            let wasFull = state.waiting >= Self.capacity
            let job = state.take()
            if job == nil { state.threads -= 1 }
            return (job, wasFull)
        }
        // Whoever adds jobs waits for this room.
        if wasFull { state.broadcast() }
        return job
    }
}

/// What a thread keeps from one get to the next.
final class ProgramWorker {
    private var readers: [Int: ServedArchiveReader] = [:]

    /// Returns this thread's reader of an archive.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - index: The place of the archive among the others.
    /// - Returns: The reader.
    /// - Throws: The errors of ``ServedArchiveReader/init(_:)``.
    func reader(of archive: ServedArchive, _ index: Int) throws -> ServedArchiveReader {
        if let reader = readers[index] { return reader }
        let reader = try ServedArchiveReader(archive.archive)
        readers[index] = reader
        return reader
    }
}
