public import SystemPackage

/// The log of a program that serves GOCACHE to go commands: one line of JSON per command.
///
/// Each line is a ``CacheProgram/Report``. Several programs append to one log.
public struct ProgramLog: Hashable, Sendable {
    /// The number of bytes of each log that are read.
    public static let lengthLimit = 2_000_000_000

    /// The length of the longest line that is looked at, in bytes.
    private static let lineLimit = 1 << 20

    /// The number of go commands in the log.
    public private(set) var commands = 0

    /// The figures on all commands together; `nil` if there are none.
    public private(set) var total: CacheProgram.Report?

    /// The number of lines that were skipped because they are no reports, as when a disk was full.
    public private(set) var foreignLines = 0

    /// Whether a log is longer than is read.
    public private(set) var isTooLong = false

    /// The bytes with which each line of a log begins.
    private static let lineBeginning = Array(#"{"time":"#.utf8)

    /// Creates a log of no command.
    public init() {}

    /// Adds the reports in a file or pipe, up to its ``lengthLimit``.
    ///
    /// - Parameter path: The file or pipe.
    /// - Throws: ``CacheStoreError`` as the system says, or with code ``CacheStoreError/Code/badArgument``
    ///   for a directory or device.
    /// - Complexity: O(*n*) in the length of the file, in bounded memory.
    public mutating func read(_ path: FilePath) throws(CacheStoreError) {
        try read(path, limit: Self.lengthLimit)
    }

    /// Adds the reports in the first `limit` bytes of a file or pipe.
    mutating func read(_ path: FilePath, limit: Int) throws(CacheStoreError) {
        let lines = try LineStream(reading: path, as: "a log")
        let isWhole = try lines.forEach(upTo: limit, lineLimit: Self.lineLimit) { line in
            guard let bytes = line.bytes, let report = CacheProgram.Report(bytes) else {
                foreignLines += 1
                return
            }
            commands += 1
            if total == nil { total = report } else { total?.add(report) }
        }
        if !isWhole { isTooLong = true }
    }

    // MARK: - Other files

    /// Returns the error for a file that is no log, so that nothing may be appended to it.
    ///
    /// The first line decides, of the log and of the log of used entries beside it. It may be torn, as after
    /// a full disk. A file that is empty, missing or can't be read passes, and so does a pipe or device.
    ///
    /// - Parameter log: The log to be written.
    /// - Returns: The error, with code ``CacheStoreError/Code/badArgument``; `nil` if the log may be written.
    package static func otherFile(insteadOf log: FilePath) -> CacheStoreError? {
        let used = UseLog.path(besides: log)
        if let line = firstLine(of: log), !line.starts(with: lineBeginning),
            !lineBeginning.starts(with: line) || line.isEmpty
        {
            return otherFile(log, "reports on go commands")
        }
        if let line = firstLine(of: used), !UseLog.mayBegin(with: line) {
            return otherFile(used, "the actions that go commands used")
        }
        return nil
    }

    private static func otherFile(_ path: FilePath, _ content: String) -> CacheStoreError {
        CacheStoreError(
            .badArgument,
            "the file holds something else than \(content), so nothing is appended to it",
            path: path
        )
    }

    /// Returns the beginning of a file's first line; `nil` if there is none that can be read.
    private static func firstLine(of path: FilePath) -> ArraySlice<UInt8>? {
        guard let file = try? File(reading: path), let status = try? file.status(), status.kind == .regular,
            status.size > 0, let bytes = try? file.bytes(count: 128)
        else { return nil }
        return bytes.prefix { $0 != UInt8(ascii: "\n") }
    }
}
