import Glibc
import Synchronization
import SystemPackage

/// The figures and warnings of a cache program while it runs.
final class ProgramRecord: Sendable {
    private struct State {
        var report: CacheProgram.Report
        var used: Set<ObjectID> = []
        /// The archives, and the codes of other warnings, that have had their warning.
        var warned: Set<String> = []
    }

    private let state: Mutex<State>
    private let options: CacheProgram.Options
    private let start = ContinuousClock.now

    /// Begins the record.
    ///
    /// - Throws: ``CacheStoreError`` if the log is another file and the program is strict; otherwise nothing
    ///   is logged, with a warning.
    init(_ program: CacheProgram) throws(CacheStoreError) {
        var options = program.options
        if let log = options.log, let error = ProgramLog.otherFile(insteadOf: log) {
            if options.isStrict { throw error }
            options.log = nil
            options.warn(Warning(unwrittenLog: error))
        }
        self.options = options
        let archives = program.options.archives.map(\.archivePath)
        let report = CacheProgram.Report(startTime: Glibc.time(nil), archives: archives)
        state = Mutex(State(report: report))
    }

    // MARK: - Figures

    /// Notes the answer to a get.
    func note(_ action: ObjectID, _ answer: ProgramOperation.Answer, since begin: ContinuousClock.Instant) {
        let time = ContinuousClock.now - begin
        state.withLock { state in
            state.report.gets += 1
            state.report.answerTime += time
            state.report.decodedBytes += answer.decodedBytes
            if answer.hit == nil {
                state.report.misses += 1
            } else {
                state.report.hits[answer.place, default: 0] += 1
                state.used.insert(action)
            }
        }
    }

    /// Notes the answer to a put.
    func note(
        put entry: ActionEntry,
        _ answer: ProgramAnswer.Content,
        since begin: ContinuousClock.Instant
    ) {
        let time = ContinuousClock.now - begin
        state.withLock { state in
            state.report.answerTime += time
            guard case .kept = answer else {
                state.report.errors += 1
                return
            }
            state.report.puts += 1
            state.report.putBytes += entry.size
            state.used.insert(entry.action)
        }
    }

    /// Notes a request that was answered with an error.
    func noteFailure() { state.withLock { $0.report.errors += 1 } }

    // MARK: - Warnings

    /// Notes that an archive, or an entry of it, can't be read.
    func note(unserved error: CacheStoreError, _ path: FilePath) {
        warn(once: path.string) {
            let subject = error.member == nil ? "an archive" : "an entry of an archive"
            return Warning(
                code: .unservedArchive,
                message: "\(subject) can't be read; Go makes what no other one has: \(error.summary)",
                remedy: error.remedy
            )
        }
    }

    /// Notes that GOCACHE can't be read or does not take a file.
    func note(unstored error: CacheStoreError) {
        warn(once: Warning.Code.unstoredEntry.rawValue) {
            Warning(
                code: .unstoredEntry,
                message:
                    "GOCACHE does not take an entry, which lasts for this go command only: \(error.summary)",
                remedy: error.remedy
            )
        }
    }

    private func warn(once key: String, _ warning: () -> Warning) {
        let isNew = state.withLock { state in
            state.report.errors += 1
            return state.warned.insert(key).inserted
        }
        if isNew { options.warn(warning()) }
    }

    // MARK: - The end

    /// Ends the record, and appends it to the log if there is to be one.
    ///
    /// - Returns: The figures.
    func finish() -> CacheProgram.Report {
        var (report, used) = state.withLock { ($0.report, $0.used) }
        report.lifetime = .now - start
        guard let log = options.log else { return report }
        do throws(CacheStoreError) {
            if !used.isEmpty { try File.append(UseLog.lines(used), to: UseLog.path(besides: log)) }
            try File.append(Array("\(report.jsonLine)\n".utf8), to: log)
        } catch {
            let message = "the log of this go command is not whole: \(error.summary)"
            options.warn(Warning(code: .unwrittenLog, message: message, remedy: error.remedy))
        }
        return report
    }
}
