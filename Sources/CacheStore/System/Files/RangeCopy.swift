import SystemPackage

/// The ranges of a remote file that were read, in a scratch file of the same length.
///
/// A thread that needs bytes waits until they are there. Bytes that are known to be needed later are read
/// before anyone waits for them, several ranges at once, and near ones in one request. Reading ends when the
/// copy goes away.
final class RangeCopy: Sendable {
    /// The file without a name that holds the bytes.
    let scratch: ScratchFile

    /// The remote file.
    let remote: any RemoteFile

    private let reading: Reading

    /// Begins a copy in which no bytes are there yet.
    ///
    /// - Parameters:
    ///   - remote: The remote file.
    ///   - directory: The directory for the scratch file.
    ///   - patience: The time for which a file that could not be read is not tried again.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(
        of remote: any RemoteFile,
        in directory: FilePath,
        patience: Duration = .seconds(10)
    ) throws(CacheStoreError) {
        guard remote.byteCount >= 0, remote.byteCount < 1 << 62 else {
            throw CacheStoreError(.notAnArchive, "`\(remote.name)` is longer than any archive")
        }
        do {
            scratch = try ScratchFile(in: directory)
        } catch {
            throw Self.unkept(error, of: remote, in: directory)
        }
        self.remote = remote
        reading = Reading(remote, scratch, in: directory, patience: patience)
    }

    deinit { reading.end() }

    /// Returns the error for a directory that does not take what was read.
    fileprivate static func unkept(
        _ error: CacheStoreError,
        of remote: any RemoteFile,
        in directory: FilePath
    ) -> CacheStoreError {
        CacheStoreError(
            error.code == .notFound ? .io : error.code,
            "cannot keep what is read of `\(remote.name)`",
            path: directory,
            remedy: .chooseScratch,
            cause: error.cause
        )
    }

    /// The number of bytes that were read so far, and that of the requests for them.
    var figures: (bytes: Int, requests: Int) {
        reading.state.withLock { ($0.bytes, $0.requests) }
    }

    /// Waits until some bytes are there, and has them read if nobody has asked for them.
    ///
    /// - Parameters:
    ///   - offset: The offset of the first byte.
    ///   - count: The number of bytes; a part behind the end of the file is left out.
    /// - Throws: ``CacheStoreError``: the error for which the range could not be read, or an error with
    ///   `CancellationError` as its cause if the work of this thread is cancelled.
    func require(_ offset: Int, count: Int) throws(CacheStoreError) {
        guard offset >= 0, offset < remote.byteCount else { return }
        let range = offset..<offset + min(count, remote.byteCount - offset)
        guard !range.isEmpty, reading.demand(range) else { return }
        var isThere = false
        while !isThere {
            isThere = reading.state.wait(atMost: 100) { $0.hasEnded(range) }
            if WorkerThreads.Cancellation.current?.isCancelled == true {
                throw CacheStoreError(.io, "reading was cancelled", cause: CancellationError())
            }
        }
        if let failure = reading.failure(of: range) { throw failure }
    }

    /// Gives the room of bytes back that nobody reads again.
    func release(_ range: Range<Int>) { scratch.file.release(range.count, at: range.lowerBound) }

    /// Asks for bytes that will be needed, in the order of their offsets.
    ///
    /// - Parameter ranges: The ranges, in any order.
    func prepare(_ ranges: some Sequence<Range<Int>>) {
        reading.prepare(RangePlan(ranges.lazy.map { $0.clamped(to: 0..<self.remote.byteCount) }))
    }
}

/// The reading of a remote file by tasks, which hold it as long as they run.
private final class Reading: Sendable {
    /// The number of ranges that are read at once.
    private static let width = 8

    struct State {
        /// The bytes that are there.
        var there = RangeSet<Int>()
        /// The ranges that are to be read, in their order.
        var waiting: [Range<Int>] = []
        /// The ranges that are being read, by the number of their task.
        var running: [Int: (range: Range<Int>, task: Task<Void, Never>?)] = [:]
        var lastTask = 0
        /// The ranges that could not be read, until somebody asks for them again.
        var failures: [(range: Range<Int>, error: CacheStoreError)] = []
        /// The error that was met last.
        var lastFailure: (error: CacheStoreError, time: ContinuousClock.Instant)?
        var isEnded = false
        var bytes = 0
        var requests = 0

        /// Returns the part of a range that is not there.
        func missing(_ range: Range<Int>) -> RangeSet<Int> { RangeSet(range).subtracting(there) }

        /// Returns whether a range is there, or can't be read.
        func hasEnded(_ range: Range<Int>) -> Bool {
            isEnded || missing(range).isEmpty || failures.contains { $0.range.overlaps(range) }
        }
    }

    let state = Monitor(State())
    private let remote: any RemoteFile
    private let scratch: ScratchFile
    private let directory: FilePath
    private let patience: Duration

    init(_ remote: any RemoteFile, _ scratch: ScratchFile, in directory: FilePath, patience: Duration) {
        (self.remote, self.scratch, self.directory, self.patience) = (remote, scratch, directory, patience)
    }

    /// Writes bytes to the scratch file.
    private func keep(_ bytes: Span<UInt8>, at offset: Int) throws(CacheStoreError) {
        do {
            try scratch.file.write(bytes, at: offset)
        } catch {
            throw RangeCopy.unkept(error, of: remote, in: directory)
        }
    }

    /// Asks for a range, before all that waits.
    ///
    /// - Returns: Whether the caller has to wait.
    func demand(_ range: Range<Int>) -> Bool {
        let isMissing = state.withLock { state in
            var missing = state.missing(range)
            guard !missing.isEmpty, !state.isEnded else { return state.isEnded }
            if let failure = state.lastFailure, ContinuousClock.now - failure.time < patience {
                state.failures.append((range, failure.error))
                return true
            }
            // Others may wait for the rest of what failed.
            state.failures = state.failures.flatMap { failure in
                RangeSet(failure.range).subtracting(RangeSet(range)).ranges.map { ($0, failure.error) }
            }
            // What waits already keeps its borders, and comes first.
            let wanted = state.waiting.filter { $0.overlaps(range) }
            state.waiting.removeAll { $0.overlaps(range) }
            for other in wanted + state.running.values.map(\.range) { missing.remove(contentsOf: other) }
            state.waiting.insert(contentsOf: wanted + missing.ranges.flatMap(RangePlan.cut), at: 0)
            return true
        }
        start()
        return isMissing
    }

    /// Adds ranges behind those that wait.
    func prepare(_ plan: RangePlan) {
        state.withLock { state in
            var known = state.there
            for range in state.waiting + state.running.values.map(\.range) {
                known.insert(contentsOf: range)
            }
            state.waiting += plan.requests(without: known)
        }
        start()
    }

    /// Returns the error of a range that could not be read, if it is not there.
    func failure(of range: Range<Int>) -> CacheStoreError? {
        state.withLock { state in
            guard !state.missing(range).isEmpty else { return nil }
            return state.failures.first { $0.range.overlaps(range) }?.error
                ?? CacheStoreError(.io, "`\(remote.name)` is not read any more")
        }
    }

    /// Ends all tasks.
    func end() {
        let tasks = state.withLock { state in
            state.isEnded = true
            state.waiting = []
            return state.running.values.compactMap(\.task)
        }
        for task in tasks { task.cancel() }
        state.broadcast()
    }

    /// Starts tasks for ranges that wait, as many as may run.
    private func start() {
        state.withLock { state in
            while !state.isEnded, state.running.count < Self.width, !state.waiting.isEmpty {
                let range = state.waiting.removeFirst()
                state.lastTask += 1
                state.requests += 1
                let number = state.lastTask
                // The task waits for the lock before it does anything that matters here.
                state.running[number] = (range, nil)
                state.running[number]?.task = Task(executorPreference: ExecutorThread.shared) {
                    await self.read(range, number)
                }
            }
        }
    }

    private func read(_ range: Range<Int>, _ number: Int) async {
        let position = Gathered(range.lowerBound)
        var failure: CacheStoreError?
        do {
            try await remote.read(range) { [state] bytes in
                let start = position.value
                guard bytes.count <= range.upperBound - start else {
                    throw CacheStoreError(.network, "more bytes than were asked for")
                }
                try self.keep(bytes, at: start)
                position.update { $0 += bytes.count }
                state.withLock { state in
                    state.there.insert(contentsOf: start..<start + bytes.count)
                    state.bytes += bytes.count
                }
                state.broadcast()
            }
            if position.value < range.upperBound {
                failure = CacheStoreError(.network, "`\(remote.name)` gave fewer bytes than were asked for")
            }
        } catch let error as CacheStoreError {
            failure = error
        } catch {
            failure = CacheStoreError(.network, "cannot read `\(remote.name)`", cause: error)
        }
        state.withLock { state in
            state.running[number] = nil
            if let failure {
                state.failures.append((position.value..<range.upperBound, failure))
                state.lastFailure = (failure, .now)
            }
        }
        start()
        state.broadcast()
    }
}
