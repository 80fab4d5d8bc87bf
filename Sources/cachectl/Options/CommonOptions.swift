import ArgumentParser
import CacheStore

/// The options of every command.
struct CommonOptions: ParsableArguments, Sendable {
    @Flag(help: "Print JSON on standard output; its schema is in the article “JSON output”.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print errors and warnings only: no progress, no summary.")
    var quiet = false

    @Option(
        help: ArgumentHelp("The number of threads, 1 to 256. (default: one per processor)", valueName: "n")
    )
    var jobs: Int?

    /// Checks the range of ``jobs``.
    ///
    /// - Throws: `ValidationError`.
    func validate() throws {
        if let jobs, !(1...256).contains(jobs) {
            throw ValidationError("`--jobs` is \(jobs), and must be 1 to 256")
        }
    }

    /// Runs an operation of the library, shows its progress, lets signals cancel it, and measures its time.
    ///
    /// - Parameters:
    ///   - consequence: The state after an interruption by a signal, for the message.
    ///   - needsAll: Whether the operation needs all content of its archives, and so can't leave out damage.
    ///   - operation: The operation, called with the handler of its progress.
    /// - Returns: The operation's report, and the time that the operation took.
    /// - Throws: ``Interruption``, or the error of the operation.
    func perform<Report: Sendable>(
        consequence: String,
        needsAll: Bool = false,
        _ operation: @escaping @Sendable (ProgressHandler?) async throws -> Report
    ) async throws -> (report: Report, time: Duration) {
        let line = quiet ? nil : ProgressLine.shared.handler ?? ProgressLog().handler
        let notice = WaitNotice()
        let progress: ProgressHandler = { progress in
            notice.note(progress)
            line?(progress)
        }
        defer { ProgressLine.shared.clear() }
        let begin = ContinuousClock.now
        do {
            let report = try await Signals.cancelling(consequence: consequence) {
                try await operation(progress)
            }
            return (report, .now - begin)
        } catch let error as CacheStoreError where needsAll && error.remedy == .recoverContent {
            throw AdvisedError(error, advice: RemedyText.sparePart)
        }
    }

    /// Writes warnings to standard error, with ``quiet`` only some of those of one kind.
    func show(_ warnings: [CacheStore.Warning]) {
        let messages = quiet ? Message.summary(warnings) : warnings.map { Message($0) }
        for message in messages { StandardError.write(message) }
    }

    /// Writes the result of a command to standard output: as JSON, or as a summary unless ``quiet`` is set.
    ///
    /// - Throws: The error of writing.
    func write(_ document: @autoclosure () -> JSONValue, _ summary: @autoclosure () -> [String]) throws {
        if json {
            try StandardOutput.write(document())
        } else if !quiet {
            try StandardOutput.write(summary())
        }
    }
}
