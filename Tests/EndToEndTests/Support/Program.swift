import Foundation

/// A program that a test runs as a user would run it from a shell.
struct Program: Sendable {
    /// The exit status of a program, and the text that it printed.
    struct Outcome: Sendable, CustomStringConvertible {
        /// The exit status, or 128 plus the number of the signal that ended the program.
        var status: Int
        var output: String
        var errors: String

        /// The lines of standard output.
        var lines: [String] { output.split(separator: "\n").map(String.init) }

        var description: String { "status \(status)\n\(output.suffix(4000))\n\(errors.suffix(4000))" }
    }

    /// The failure of a program that a test needs as a tool.
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    var path: String
    var environment: [String: String]
    var directory: String

    /// The default handling of signals, so that programs notice signals even if a shell that runs these tests
    /// in its background ignores them.
    private static let heedsSignals: Void = {
        for number in [SIGINT, SIGHUP] { signal(number, SIG_DFL) }
    }()

    /// Starts the program with its output directed to files, so that nobody has to keep reading.
    func start(_ arguments: [String]) throws -> Running {
        Self.heedsSignals
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = environment
        process.currentDirectoryURL = URL(fileURLWithPath: directory)
        return try Running(process)
    }

    /// Runs the program to its end.
    func run(_ arguments: [String]) async throws -> Outcome { try await start(arguments).outcome() }

    /// Runs the program, which must succeed.
    ///
    /// - Throws: ``Failure`` with the program's output.
    func succeed(_ arguments: [String]) async throws -> Outcome {
        let outcome = try await run(arguments)
        guard outcome.status == 0 else {
            throw Failure(description: "\(path) \(arguments.joined(separator: " ")): \(outcome)")
        }
        return outcome
    }
}

/// A program that was started.
final class Running: Sendable {
    private let process: Process
    private let files: String
    private let end: AsyncStream<Void>

    fileprivate init(_ process: Process) throws {
        self.process = process
        files = try Scratch.shared.directory("output")
        for name in ["output", "errors"] { try Data().write(to: URL(fileURLWithPath: "\(files)/\(name)")) }
        let output = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(files)/output"))
        let errors = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(files)/errors"))
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = errors
        let (stream, continuation) = AsyncStream<Void>.makeStream()
        process.terminationHandler = { _ in continuation.finish() }
        end = stream
        try process.run()
        try output.close()
        try errors.close()
    }

    /// Whether the program has not ended.
    var isRunning: Bool { process.isRunning }

    /// Sends a signal if the program has not ended.
    func send(_ signal: Int32) {
        if isRunning { kill(process.processIdentifier, signal) }
    }

    /// Waits for the end of the program.
    func outcome() async throws -> Program.Outcome {
        for await _ in end {}
        let output = try Data(contentsOf: URL(fileURLWithPath: "\(files)/output"))
        let errors = try Data(contentsOf: URL(fileURLWithPath: "\(files)/errors"))
        try FileManager.default.removeItem(atPath: files)
        let isSignal = process.terminationReason == .uncaughtSignal
        return Program.Outcome(
            status: (isSignal ? 128 : 0) + Int(process.terminationStatus),
            output: String(decoding: output, as: UTF8.self),
            errors: String(decoding: errors, as: UTF8.self)
        )
    }
}
