import Dispatch
import Foundation
import Glibc
import Synchronization
import SystemPackage

@testable import CacheStore

/// A go command, as a cache program sees it: requests go through one pipe, and answers come through another.
///
/// The client is an independent writer and reader of the protocol; it shares no code with the program.
final class ProgramClient: Sendable {
    /// An answer, with the fields that Go reads.
    struct Answer: Decodable, Hashable, Sendable {
        var ID: Int
        var KnownCommands: [String]?
        var Miss: Bool?
        var OutputID: Data?
        var Size: Int?
        var Time: String?
        var DiskPath: String?
        var Err: String?

        /// The path of the file that was answered.
        var path: FilePath { FilePath(DiskPath ?? "/nowhere") }

        /// The SHA-256 that was answered.
        var output: ObjectID? { OutputID.flatMap { ObjectID([UInt8]($0).span) } }
    }

    /// The error of a request that the program has not answered.
    struct Ended: Error {}

    private struct State {
        var lastID = 0
        var answers: [Int: Answer] = [:]
        /// The numbers of the answers, in the order in which they came.
        var order: [Int] = []
        var waiting: [Int: CheckedContinuation<Answer, any Error>] = [:]
        var isEnded = false
    }

    private let state = Mutex(State())
    private let gathered = Gathered<[Warning]>([])
    private let requests: FileDescriptor
    private let writer = DispatchQueue(label: "requests")
    private let serving: Task<CacheProgram.Report, any Error>

    /// Starts a program.
    ///
    /// The test must end it with ``close()`` or ``end()``.
    ///
    /// - Parameters:
    ///   - buildCache: GOCACHE.
    ///   - archives: The archives.
    ///   - configure: Called with the options, to change them.
    /// - Throws: `Errno` if there is no socket or pipe.
    init(
        _ buildCache: FilePath,
        _ archives: [FilePath] = [],
        configure: (inout CacheProgram.Options) -> Void = { _ in }
    ) throws {
        let gathered = gathered
        var options = CacheProgram.Options()
        options.archives = archives
        options.scratchParent = buildCache.removingLastComponent()
        options.warn = { warning in gathered.update { $0.append(warning) } }
        configure(&options)
        let program = CacheProgram(buildCache: buildCache, options: options)
        let input = try Self.sockets()
        let answers = try FileDescriptor.pipe()
        requests = input.writeEnd
        serving = Task {
            defer {
                try? answers.writeEnd.close()
                try? input.readEnd.close()
            }
            return try await program.serve(input.readEnd, answering: answers.writeEnd)
        }
        try WorkerThreads.start { [self] in read(answers.readEnd) }
    }

    /// The warnings so far.
    var warnings: [Warning] { gathered.value }

    /// The numbers of the requests that have their answers, in the order of the answers.
    var order: [Int] { state.withLock { $0.order } }

    // MARK: - Requests

    /// Writes bytes to the program, whatever they are, and waits for nothing.
    ///
    /// A thread that is not one of Swift's writes them: the program needs one of those to begin with.
    func write(_ bytes: [UInt8]) {
        writer.async { [requests] in
            var rest = bytes[...]
            while !rest.isEmpty {
                // A program that has ended takes no more; the flag keeps that from ending this process.
                let count = unsafe rest.withUnsafeBytes { bytes in
                    unsafe send(requests.rawValue, bytes.baseAddress, bytes.count, CInt(MSG_NOSIGNAL))
                }
                guard count >= 0 || errno == EINTR else { return }
                rest = rest.dropFirst(max(count, 0))
            }
        }
    }

    /// Writes text to the program, whatever it is, and waits for nothing.
    func write(_ text: String) { write(Array(text.utf8)) }

    /// Returns the two ends of a new connection.
    private static func sockets() throws -> (readEnd: FileDescriptor, writeEnd: FileDescriptor) {
        var ends: [CInt] = [-1, -1]
        guard unsafe socketpair(AF_UNIX, CInt(SOCK_STREAM.rawValue), 0, &ends) == 0 else {
            throw Errno(rawValue: errno)
        }
        return (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
    }

    /// Returns the next number of a request.
    func newID() -> Int {
        state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
    }

    /// Returns the line of a get.
    static func line(getting action: ObjectID, _ id: Int) -> String {
        #"{"ID":\#(id),"Command":"get","ActionID":"\#(base64(action))"}"# + "\n\n"
    }

    /// Returns the line of a put, without the body.
    static func line(putting action: ObjectID, _ id: Int, _ output: ObjectID, size: Int) -> String {
        #"{"ID":\#(id),"Command":"put","ActionID":"\#(base64(action))","OutputID":"\#(base64(output))""#
            + (size > 0 ? #","BodySize":\#(size)}"# : "}") + "\n\n"
    }

    /// Asks for an action, and waits for the answer.
    func get(_ action: ObjectID) async throws -> Answer {
        let id = newID()
        write(Self.line(getting: action, id))
        return try await answer(to: id)
    }

    /// Asks for actions all at once, and waits for all answers.
    func get(_ actions: [ObjectID]) async throws -> [Answer] {
        let ids = actions.map { _ in newID() }
        write(zip(actions, ids).map { Self.line(getting: $0, $1) }.joined())
        var answers: [Answer] = []
        for id in ids { answers.append(try await answer(to: id)) }
        return answers
    }

    /// Puts an output, and waits for the answer.
    ///
    /// - Parameters:
    ///   - action: The action.
    ///   - bytes: The body.
    ///   - output: The SHA-256 to state, or `nil` for that of the body.
    ///   - size: The length to state, or `nil` for that of the body.
    /// - Returns: The answer.
    /// - Throws: ``Ended`` if the program ends without an answer.
    func put(
        _ action: ObjectID,
        _ bytes: [UInt8],
        output: ObjectID? = nil,
        size: Int? = nil
    ) async throws -> Answer {
        let id = newID()
        let size = size ?? bytes.count
        write(Self.line(putting: action, id, output ?? ContentHasher.hash(bytes.span), size: size))
        if size > 0 { write("\"\(Data(bytes).base64EncodedString())\"\n") }
        return try await answer(to: id)
    }

    /// Asks the program to close, and returns its figures.
    @discardableResult
    func close() async throws -> CacheProgram.Report {
        let id = newID()
        write(#"{"ID":\#(id),"Command":"close"}"# + "\n\n")
        return try await end()
    }

    /// Ends the requests without a request to close, and returns the figures.
    @discardableResult
    func end() async throws -> CacheProgram.Report {
        abandon()
        return try await serving.value
    }

    /// Waits for the end of a program that ends although its requests do not, and returns the figures.
    ///
    /// The test must then call ``abandon()``.
    @discardableResult
    func served() async throws -> CacheProgram.Report { try await serving.value }

    /// Closes the requests after all that was written.
    func abandon() { writer.async { [requests] in try? requests.close() } }

    /// Cancels the task in which the program runs.
    func cancel() { serving.cancel() }

    // MARK: - Answers

    /// Waits for an answer.
    func answer(to id: Int) async throws -> Answer {
        try await withCheckedThrowingContinuation { continuation in
            let result: Result<Answer, any Error>? = state.withLock { state in
                if let answer = state.answers[id] { return .success(answer) }
                if state.isEnded { return .failure(Ended()) }
                state.waiting[id] = continuation
                return nil
            }
            if let result { continuation.resume(with: result) }
        }
    }

    /// Reads answers until there are no more.
    private func read(_ descriptor: FileDescriptor) {
        let handle = FileHandle(fileDescriptor: descriptor.rawValue, closeOnDealloc: true)
        var rest = Data()
        while true {
            let piece = handle.availableData
            if piece.isEmpty { break }
            rest += piece
            while let end = rest.firstIndex(of: 0x0A) {
                take(rest[rest.startIndex..<end])
                rest = rest[(end + 1)...]
            }
        }
        let waiting = state.withLock { state in
            state.isEnded = true
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for continuation in waiting { continuation.resume(throwing: Ended()) }
    }

    private func take(_ line: Data) {
        // A line that is no answer leaves its request without one, so the test fails.
        guard let answer = try? JSONDecoder().decode(Answer.self, from: line) else { return }
        let waiting = state.withLock { state in
            state.order.append(answer.ID)
            state.answers[answer.ID] = answer
            return state.waiting.removeValue(forKey: answer.ID)
        }
        waiting?.resume(returning: answer)
    }

    private static func base64(_ id: ObjectID) -> String { Data(id.bytes).base64EncodedString() }
}
