import Glibc
import Synchronization
import SystemPackage

/// One run of a ``CacheProgram``.
///
/// One thread reads the requests, and writes the bodies of puts. Other threads answer the gets. A thread
/// starts when a request comes and no other thread is free.
final class ProgramOperation: Sendable {
    private let options: CacheProgram.Options
    private let output: ProgramOutput
    private let store: ProgramStore
    private let archives: [ServedArchive]
    private let record: ProgramRecord
    private let queue: ProgramQueue
    private let cancellation: WorkerThreads.Cancellation

    /// Opens GOCACHE and the archives, and begins to check their indexes.
    ///
    /// - Throws: ``CacheStoreError`` if an archive can't be read, or the log is another file, and the program
    ///   is strict.
    init(
        _ program: CacheProgram,
        _ output: ProgramOutput,
        _ cancellation: WorkerThreads.Cancellation
    ) throws(CacheStoreError) {
        options = program.options
        self.cancellation = cancellation
        self.output = output
        let record = try ProgramRecord(program)
        self.record = record
        let threads = WorkerThreads.count(for: options.jobs)
        queue = ProgramQueue(limit: options.jobs == nil ? 2 * threads : threads)
        store = ProgramStore(program) { error in record.note(unstored: error) }
        var archives: [ServedArchive] = []
        for reference in options.archives {
            do throws(CacheStoreError) {
                let archive = ServedArchive(try reference.open())
                if options.isStrict { try archive.check(store) }
                archives.append(archive)
            } catch {
                if options.isStrict { throw error }
                record.note(unserved: error, reference.archivePath)
            }
        }
        self.archives = archives
        guard !options.isStrict else { return }
        let store = store
        do throws(CacheStoreError) {
            try WorkerThreads.start { [archives] in
                for archive in archives {
                    // The warning comes before the misses, so that no command ends without it.
                    try? archive.check(store) { record.note(unserved: $0, archive.archive.path) }
                }
            }
        } catch {
            // Otherwise hits would wait for ever for a check that no thread makes.
            for archive in archives {
                archive.giveUp()
                record.note(unserved: error, archive.archive.path)
            }
        }
    }

    // MARK: - Requests

    /// Answers the requests of an input, and writes the log.
    ///
    /// - Throws: The errors of ``CacheProgram/serve(_:answering:)``.
    func run(_ input: consuming ProgramInput) throws -> CacheProgram.Report {
        // The record is complete, and the scratch files are gone, before the go command ends.
        var closing: Int?
        let worker = ProgramWorker()
        do {
            defer { store.close() }
            defer { queue.finish() }
            try output.write(ProgramAnswer(id: 0, content: .commands(["get", "put", "close"])))
            while closing == nil, let request = try input.request() {
                switch request.command {
                case .get(let action):
                    try get(request.id, action, isAlone: input.isIdle, worker)
                case .put(let action, let output, let size):
                    let entry = ActionEntry(action: action, output: output, size: size)
                    guard try put(request.id, entry, &input) else { break }
                case .close: closing = request.id
                case .unknown(let name):
                    let reason = "cachectl knows no request `\(name)`"
                    record.noteFailure()
                    try output.write(ProgramAnswer(id: request.id, content: .failure(reason)))
                }
            }
        }
        try queue.throwFailure()
        let report = record.finish()
        if let closing { try output.write(ProgramAnswer(id: closing, content: .done)) }
        return report
    }

    /// Throws the error of an answer that could not be written, if there is one.
    ///
    /// The go command waits for this answer, and may send nothing before, so the program must not wait.
    func throwFailure() throws { try queue.throwFailure() }

    // MARK: - Gets

    /// The answer to a get.
    struct Answer {
        /// The output, or `nil` for a miss.
        var hit: ProgramAnswer.Hit?
        /// The place that had the output.
        var place = CacheProgram.Report.Place.buildCache
        /// The number of bytes that were decoded.
        var decodedBytes: Int { brought?.written ?? 0 }
        /// The output, if an archive had it.
        var brought: BroughtOutput?
    }

    /// Answers a get at once, or lets another thread do it.
    ///
    /// - Parameters:
    ///   - id: The number of the request.
    ///   - action: The action.
    ///   - isAlone: Whether no other request waits. To look into GOCACHE and into the indexes then takes less
    ///     time than to wake a thread.
    ///   - reader: What the thread that reads the requests keeps.
    /// - Throws: ``CacheStoreError`` if the answer can't be written, or if there is no thread.
    private func get(_ id: Int, _ action: ObjectID, isAlone: Bool, _ reader: ProgramWorker) throws {
        let start = ContinuousClock.now
        if isAlone {
            let hit = find(action)
            if hit != nil || isMissing(action, reader) {
                return try answer(id, action, Answer(hit: hit), since: start)
            }
        }
        try queue.add { [self] worker in
            let found = (isAlone ? nil : find(action)).map { Answer(hit: $0) } ?? find(action, worker)
            // Go does not wait for the entry, which only a later command reads.
            defer { if let output = found.brought { store.keepEntry(of: output) } }
            try answer(id, action, found, since: start)
        }
    }

    private func answer(
        _ id: Int,
        _ action: ObjectID,
        _ found: Answer,
        since start: ContinuousClock.Instant
    ) throws(CacheStoreError) {
        try output.write(ProgramAnswer(id: id, content: found.hit.map { .hit($0) } ?? .miss))
        record.note(action, found, since: start)
    }

    /// Looks for the output of an action in GOCACHE.
    private func find(_ action: ObjectID) -> ProgramAnswer.Hit? {
        do throws(CacheStoreError) {
            return try store.find(action)
        } catch {
            record.note(unstored: error)
            return nil
        }
    }

    /// Returns whether no archive has an entry of an action; where that can't be told, it returns `false`.
    private func isMissing(_ action: ObjectID, _ worker: ProgramWorker) -> Bool {
        do {
            for (index, archive) in archives.enumerated() where archive.isUsable {
                let reader = try worker.reader(of: archive, index)
                guard try reader.lookup.entry(ofAction: action) == nil else { return false }
            }
            return true
        } catch {
            return false
        }
    }

    /// Looks for the output of an action in the archives.
    private func find(_ action: ObjectID, _ worker: ProgramWorker) -> Answer {
        for (index, archive) in archives.enumerated() where archive.isUsable {
            do {
                if let answer = try find(action, in: archive, index, worker) { return answer }
            } catch is ProgramStore.NoRoom {
                // No other archive changes that.
                return Answer()
            } catch let error as CacheStoreError {
                record.note(unserved: error, archive.archive.path)
            } catch let error as SQLiteError {
                // The check tells damage of the index from a machine that can't read it.
                guard archive.isSound else { continue }
                let unreadable = IndexSchema.unreadable(error, path: archive.archive.path)
                record.note(unserved: archive.archive.frames.explaining(unreadable), archive.archive.path)
                archive.giveUp()
            } catch {
                continue
            }
        }
        return Answer()
    }

    /// Brings the output of an action out of an archive.
    ///
    /// - Returns: The answer; `nil` if the archive has no entry.
    private func find(
        _ action: ObjectID,
        in archive: ServedArchive,
        _ index: Int,
        _ worker: ProgramWorker
    ) throws -> Answer? {
        let reader = try worker.reader(of: archive, index)
        // Go does not ask a program for programs that it has linked.
        guard let entry = try reader.lookup.entry(ofAction: action), !entry.isProgram, archive.isSound else {
            return nil
        }
        // The rows may be those of other bytes than the ones that were hashed.
        guard try archive.archive.frames.isUnchanged else {
            archive.giveUp()
            throw CacheStoreError.changed(archive.archive.path)
        }
        let brought = try store.bring(entry.entry, sealTime: reader.sealTime) {
            try reader.write(entry, to: $0, cancellation)
        }
        return Answer(hit: brought.hit, place: .archive, brought: brought)
    }

    // MARK: - Puts

    /// Keeps an output that Go puts, and answers.
    ///
    /// - Returns: Whether the whole body was there.
    private func put(_ id: Int, _ entry: ActionEntry, _ input: inout ProgramInput) throws -> Bool {
        let start = ContinuousClock.now
        var failure: CacheStoreError?
        var file: PendingFile?
        do throws(CacheStoreError) { file = try store.beginPut() } catch { failure = error }
        var hasher = ContentHasher()
        if entry.size > 0 {
            let isWhole = try input.body(of: entry.size) { piece in
                hasher.update(piece.span)
                guard failure == nil else { return }
                do throws(CacheStoreError) { try file?.append(piece) } catch { failure = error }
            }
            guard isWhole else { return false }
        }
        let content: ProgramAnswer.Content
        if hasher.finish() != entry.output {
            file?.discard()
            content = .failure("the body of the put does not have the SHA-256 that its `OutputID` states")
        } else if let file, failure == nil {
            content = .kept(path: store.put(entry, file))
        } else {
            file?.discard()
            content = .failure("the output can't be stored: \(failure?.summary ?? "no directory takes it")")
        }
        record.note(put: entry, content, since: start)
        try output.write(ProgramAnswer(id: id, content: content))
        return true
    }
}
