import CLinux
import FoundationEssentials
import Glibc
import SystemPackage

/// A way to run another program and to read its output.
package enum Subprocess {
    /// The output of a program, and the way it ended.
    package struct Result: Sendable {
        package var output: [UInt8]
        package var errors: [UInt8]
        /// The exit status, or 128 plus the number of the signal that ended the program.
        package var status: Int
    }

    /// The longest input that a program can be given: every pipe has room for so many bytes (`PIPE_BUF`).
    package static let longestInput = 4096

    /// Runs a program and waits for its end.
    ///
    /// The program is interrupted if the task is cancelled.
    ///
    /// - Parameters:
    ///   - program: The program's path, or a name to be looked up in `PATH` (`posix_spawnp(3)`).
    ///   - arguments: The program's arguments, without its own name.
    ///   - overrides: The variables that the program gets instead of those of this process.
    ///   - input: The program's standard input, at most ``longestInput`` bytes.
    ///   - limit: The time after which the program is killed; `nil` for none.
    ///   - longestOutput: The number of bytes of output after which it is killed.
    /// - Returns: The program's output, and the way it ended.
    /// - Throws: The system's error if the program can't be started, or if its output or its end can't be
    ///   learned; `Errno.timedOut` or `Errno.fileTooLarge` at a limit. The program has ended then, but not
    ///   what it has started. Or `CancellationError`.
    package static func run(
        _ program: String,
        _ arguments: [String],
        overrides: [String: String] = [:],
        input: [UInt8] = [],
        limit: Duration? = nil,
        longestOutput: Int = .max
    ) async throws -> Result {
        try await WorkerThreads.performCancellable { cancellation in
            try runBlocking(program, arguments, overrides, input, limit, longestOutput, cancellation)
        }
    }

    private static func runBlocking(
        _ program: String,
        _ arguments: [String],
        _ overrides: [String: String],
        _ bytes: [UInt8],
        _ limit: Duration?,
        _ longest: Int,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> Result {
        let (input, output, errors) = (try Pipe(), try Pipe(), try Pipe())
        try input.write(bytes)
        input.closeWriter()
        let process = try spawn(
            program,
            arguments,
            overrides,
            input: input.reader,
            output: output.writer,
            errors: errors.writer
        )
        output.closeWriter()
        errors.closeWriter()
        var result = Result(output: [], errors: [], status: 0)
        var isInterrupted = false
        var end = limit.map { ContinuousClock.now + $0 }
        func tick() throws(Errno) {
            // What the program has started may hold the pipes, and is not waited for.
            if let end, .now >= end { throw .timedOut }
            // The program may clean up, and this process waits for its end: not for long if it has a limit.
            guard !isInterrupted, (try? cancellation.check()) == nil else { return }
            isInterrupted = kill(process, SIGINT) == 0
            if let limit = end { end = min(limit, .now + .seconds(2)) }
        }
        var status: CInt = 0
        do {
            try readAll([output.reader, errors.reader]) { () throws(Errno) in
                try tick()
                if max(result.output.count, result.errors.count) > longest { throw .fileTooLarge }
            } _: { index, bytes in
                if index == 0 { result.output += bytes } else { result.errors += bytes }
            }
            // A program may close its output long before its end.
            while try SystemCall.run({ unsafe waitpid(process, &status, WNOHANG) }) == 0 {
                try tick()
                usleep(1_000)
            }
        } catch {
            // A part of the output is worth nothing, and the program may wait for a reader.
            kill(process, SIGKILL)
            _ = try? SystemCall.run { waitpid(process, nil, 0) }
            throw error
        }
        // The layout of a wait status: wait(2).
        result.status = Int(status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F)
        return result
    }

    /// The two ends of a pipe, which no other program inherits; closed with their owner.
    private final class Pipe {
        let reader: CInt
        private(set) var writer: CInt

        init() throws {
            var ends: [CInt] = [-1, -1]
            // pipe2(2) writes two descriptors: the length of the array.
            _ = try SystemCall.run { unsafe pipe2(&ends, O_CLOEXEC) }
            (reader, writer) = (ends[0], ends[1])
        }

        deinit {
            closeWriter()
            _ = Glibc.close(reader)
        }

        /// Writes bytes for which the empty pipe has room, so that nobody need read them yet.
        ///
        /// - Throws: The system's error.
        func write(_ bytes: [UInt8]) throws(Errno) {
            precondition(bytes.count <= longestInput, "the input of a program has room in its pipe")
            guard !bytes.isEmpty else { return }
            // write(2) is told the length of the array, and is not interrupted while there is room.
            _ = try SystemCall.run { unsafe Glibc.write(writer, bytes, bytes.count) }
        }

        /// Closes the writing end in this process, so that the reader sees the end of the pipe.
        ///
        /// By now, the other program has a writing end of its own.
        func closeWriter() {
            guard writer >= 0 else { return }
            _ = Glibc.close(writer)
            writer = -1
        }
    }

    private static func spawn(
        _ program: String,
        _ arguments: [String],
        _ overrides: [String: String],
        input: CInt,
        output: CInt,
        errors: CInt
    ) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, input, 0)
        unsafe posix_spawn_file_actions_adddup2(&actions, output, 1)
        unsafe posix_spawn_file_actions_adddup2(&actions, errors, 2)
        // The program does not inherit the signals that this process blocks or ignores.
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        unsafe sigemptyset(&signals)
        unsafe posix_spawnattr_setsigmask(&attributes, &signals)
        for number in [SIGPIPE, SIGXFSZ] { unsafe sigaddset(&signals, number) }
        unsafe posix_spawnattr_setsigdefault(&attributes, &signals)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        // The strings live until the call has copied them into the new process.
        var strings = unsafe ([program] + arguments).map { unsafe strdup($0) }
        unsafe strings.append(nil)
        defer { unsafe strings.forEach { unsafe free($0) } }
        var settings = unsafe overrides.map { unsafe strdup("\($0.key)=\($0.value)") }
        // The other variables stay as they are, even where they are not UTF-8.
        var index = 0
        while let entry = unsafe environ[index] {
            let name = unsafe String(cString: entry).prefix { $0 != "=" }
            if overrides[String(name)] == nil { unsafe settings.append(strdup(entry)) }
            index += 1
        }
        unsafe settings.append(nil)
        defer { unsafe settings.forEach { unsafe free($0) } }
        var process = pid_t()
        var result = unsafe posix_spawnp(&process, program, &actions, &attributes, strings, settings)
        // Whoever has just written the program may have started another one meanwhile, which has the file
        // open until it runs (https://go.dev/issue/22315).
        for wait in 1...20 where result == ETXTBSY {
            usleep(useconds_t(wait * 10_000))
            result = unsafe posix_spawnp(&process, program, &actions, &attributes, strings, settings)
        }
        guard result == 0 else { throw Errno(rawValue: result) }
        return process
    }

    /// Reads from several descriptors until all have ended, and calls `tick` now and then.
    ///
    /// The method reads from all of them together, so that none fills up while another is waited for.
    ///
    /// - Throws: The system's error, or that of `tick`.
    private static func readAll(
        _ descriptors: [CInt],
        tick: () throws(Errno) -> Void,
        _ body: (Int, [UInt8]) -> Void
    ) throws(Errno) {
        var open = descriptors.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while open.contains(where: { $0.fd >= 0 }) {
            _ = try SystemCall.run { unsafe poll(&open, nfds_t(open.count), 100) }
            try tick()
            for index in open.indices where open[index].fd >= 0 && open[index].revents != 0 {
                // A pipe has no offset, so this is read(2). It is told the length of the array.
                let descriptor = open[index].fd
                var failure: Errno?
                let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, count in
                    do throws(Errno) {
                        count = try SystemCall.run {
                            unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                        }
                    } catch {
                        failure = error
                    }
                }
                if let failure { throw failure }
                if bytes.isEmpty { open[index].fd = -1 } else { body(index, bytes) }
            }
        }
    }
}
