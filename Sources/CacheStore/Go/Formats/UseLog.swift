import SystemPackage

/// A log of the entries of GOCACHE that go commands have used.
///
/// A program that serves GOCACHE to Go knows which entries Go has asked for and got, or has stored. It writes
/// the log beside its log of figures, under the same name and `.used`. The log is text: a line per entry with
/// the action ID in 64 lower-case hexadecimal digits. Each go command appends its lines in one piece, so an
/// ID stands there as often as commands have used the entry.
struct UseLog: Hashable, Sendable {
    /// The end of the name of such a log.
    static let suffix = ".used"

    /// The number of bytes of a log that are read at most.
    static let lengthLimit = 2_000_000_000

    /// The length of the longest line that is looked at, in bytes: that of an ID and a carriage return.
    private static let lineLimit = 2 * ObjectID.byteCount + 1

    /// The action IDs of the entries that were used.
    private(set) var actions: Set<ObjectID> = []

    /// The number of lines that were skipped because they are no action IDs, as when a disk was full.
    private(set) var foreignLines = 0

    /// Creates a log in which nothing was used.
    init() {}

    /// Reads the logs that a program has written beside its logs of figures.
    ///
    /// - Parameter paths: The logs of figures, or the logs of used entries themselves.
    /// - Throws: ``CacheStoreError`` as the system says; with code ``CacheStoreError/Code/notFound`` if there
    ///   is no log; with code ``CacheStoreError/Code/badArgument`` for a directory or device, and for a log
    ///   of more than ``lengthLimit`` bytes; with code ``CacheStoreError/Code/emptyLog`` for logs without a
    ///   single entry.
    init(besides paths: [FilePath]) throws(CacheStoreError) {
        for path in paths { try read(besides: path) }
        guard actions.isEmpty, let path = paths.first else { return }
        let names = paths.count == 1 ? "the log names" : "the \(paths.count) logs name"
        let foreign =
            foreignLines == 1 ? "1 line that is no action ID" : "\(foreignLines) lines that are no action IDs"
        let verb = paths.count == 1 ? "has" : "have"
        let lines = foreignLines == 0 ? "" : ", and \(verb) \(foreign)"
        throw CacheStoreError(
            .emptyLog,
            "\(names) no entry that go commands have used\(lines)",
            path: path,
            remedy: .logUse
        )
    }

    /// Returns the path of the log that belongs to a log of figures.
    static func path(besides log: FilePath) -> FilePath { FilePath(log.string + suffix) }

    /// Refuses an output that would take the place of logs.
    ///
    /// - Parameters:
    ///   - output: The archive that is to be written.
    ///   - logs: The logs of figures, or the logs of used entries themselves.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``, or as the system says.
    static func check(output: FilePath, besides logs: [FilePath]) throws(CacheStoreError) {
        try output.check(
            asOutputBeside: logs + logs.map { path(besides: $0) },
            "the new archive is to hold what this log names, so it can't take its place"
        )
    }

    /// Returns the lines that a command appends to the log: sorted, each ID once.
    static func lines(_ actions: Set<ObjectID>) -> [UInt8] {
        actions.sorted().flatMap { $0.hexadecimal + [UInt8(ascii: "\n")] }
    }

    /// Returns whether a log may have a given first line: an action ID, or a part, as after a full disk.
    static func mayBegin(with line: ArraySlice<UInt8>) -> Bool {
        let digits = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        return (1...2 * ObjectID.byteCount).contains(digits.count)
            && digits.allSatisfy {
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
            }
    }

    // MARK: - Reading

    private mutating func read(besides path: FilePath) throws(CacheStoreError) {
        do throws(CacheStoreError) {
            return try read(Self.path(besides: path))
        } catch  where error.code == .notFound {
            guard path.string.hasSuffix(Self.suffix) else { throw Self.missing(Self.path(besides: path)) }
        }
        do throws(CacheStoreError) {
            try read(path)
        } catch  where error.code == .notFound {
            throw Self.missing(path)
        }
    }

    private static func missing(_ path: FilePath) -> CacheStoreError {
        CacheStoreError(
            .notFound,
            "no go command has logged there which entries it used",
            path: path,
            remedy: .logUse
        )
    }

    /// Adds what a file or pipe names.
    ///
    /// - Parameter path: The file or pipe.
    /// - Throws: ``CacheStoreError`` as the system says, or with code ``CacheStoreError/Code/badArgument``
    ///   for a directory or device, and for more than ``lengthLimit`` bytes.
    /// - Complexity: O(*n*) in the length of the file, in memory that grows with the number of different IDs.
    mutating func read(_ path: FilePath) throws(CacheStoreError) { try read(path, limit: Self.lengthLimit) }

    /// Adds what a file or pipe of at most `limit` bytes names.
    mutating func read(_ path: FilePath, limit: Int) throws(CacheStoreError) {
        let lines = try LineStream(reading: path, as: "a log of used entries")
        let isWhole = try lines.forEach(upTo: limit, lineLimit: Self.lineLimit) { line in
            // A line without an end may be the beginning of one.
            if line.isEnded, let bytes = line.bytes, let action = Self.action(bytes) {
                actions.insert(action)
            } else {
                foreignLines += 1
            }
        }
        guard isWhole else {
            throw CacheStoreError(
                .badArgument,
                "the log of used entries is longer than the \(limit) bytes that are read",
                path: path
            )
        }
    }

    /// Returns the action ID on a line, or `nil` if the line is anything else.
    private static func action(_ line: ArraySlice<UInt8>) -> ObjectID? {
        let digits = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        return ObjectID(hexadecimal: digits.span)
    }
}
