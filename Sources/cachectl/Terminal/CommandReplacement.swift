import ArgumentParser
import CacheStore
import FoundationEssentials
import Glibc
import SystemPackage

/// A command that takes the place of this process, as with `exec` in a shell.
struct CommandReplacement {
    private let words: [String]
    private let variables: [String: String]

    /// Describes a command.
    ///
    /// - Parameters:
    ///   - words: The command, which is looked up in `PATH`, and its arguments; there is at least one word.
    ///   - variables: The variables that are set for the command.
    init(_ words: [String], variables: [String: String]) {
        self.words = words
        self.variables = variables
    }

    /// Starts the command (`execvp(3)`).
    ///
    /// - Throws: `ExitCode` as shells have it, after a message: 127 if there is no such command, and 126 if
    ///   it can't be run.
    func start() throws -> Never {
        for (name, value) in variables { unsafe setenv(name, value, 1) }
        // What cachectl ignores (``Signals/listen()``), the command would ignore, too.
        for number in [SIGPIPE, SIGXFSZ] { signal(number, SIG_DFL) }
        Self.keepDescriptors()
        // The array and its strings live until the command has begun, or for the rest of this process.
        var arguments: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
        unsafe arguments.append(nil)
        unsafe execvp(words[0], &arguments)
        let cause = Errno(rawValue: errno)
        let isMissing = cause == .noSuchFileOrDirectory || cause == .notDirectory
        StandardError.write(Message(CacheStoreError(.io, "cannot run `\(words[0])`", cause: cause)))
        throw ExitCode(isMissing ? 127 : 126)
    }

    /// Keeps the descriptors of connections from the command, which gets those that this process was given.
    ///
    /// The library for connections opens queues of events that a new program inherits.
    private static func keepDescriptors() {
        let directory = "/proc/self/fd"
        for name in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
            guard let descriptor = CInt(name), descriptor > 2,
                let target = try? FileManager.default.destinationOfSymbolicLink(
                    atPath: "\(directory)/\(name)"
                ),
                target.hasPrefix("anon_inode:[event")
            else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
        }
    }
}
