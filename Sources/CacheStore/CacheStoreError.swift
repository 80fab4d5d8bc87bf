public import SystemPackage

/// An error thrown by an operation of this library.
///
/// Every failure that CacheStore detects itself has this type. A program decides by ``code`` and ``remedy``.
/// A person reads ``message``, ``path``, ``member`` and the words of the remedy. A cancelled operation throws
/// Swift's `CancellationError` instead, and an error thrown by a caller's own closure is passed on unchanged.
public struct CacheStoreError: Error, Sendable {
    /// The kind of failure; stable across releases.
    public let code: Code

    /// One sentence, without a trailing period, that says what is wrong.
    public let message: String

    /// The file or directory at fault, if there is one.
    public let path: FilePath?

    /// The member of the archive at fault, by its kind and name, if there is one: for example
    /// `mod golang.org/x/net@v0.33.0`.
    public let member: String?

    /// The offset of the fault in the file at ``path``, in bytes, if that is known.
    public let offset: Int?

    /// Advice to the reader, if there is some.
    public let remedy: Remedy?

    /// The error underneath, if there is one: most often an `Errno`.
    public let cause: (any Error)?

    /// Creates an error.
    public init(
        _ code: Code,
        _ message: String,
        path: FilePath? = nil,
        member: String? = nil,
        offset: Int? = nil,
        remedy: Remedy? = nil,
        cause: (any Error)? = nil
    ) {
        self.code = code
        self.message = message
        self.path = path
        self.member = member
        self.offset = offset
        self.remedy = remedy
        self.cause = cause
    }

    /// Returns the same error with `member` named, unless it names one already.
    ///
    /// The chunk of a damaged frame is then named no more, because the member and the offset tell the place.
    func naming(member: String) -> Self {
        Self(
            code,
            offset == nil ? message : Self.withoutChunk(message),
            path: path,
            member: self.member ?? member,
            offset: offset,
            remedy: remedy,
            cause: cause
        )
    }

    /// Returns the words for a chunk, to be appended to a message.
    static func naming(chunk: some CustomStringConvertible) -> String { " (chunk \(chunk))" }

    private static func withoutChunk(_ message: String) -> String {
        guard message.hasSuffix(")"), let words = message.ranges(of: " (chunk ").last else { return message }
        return String(message[..<words.lowerBound])
    }

    /// Runs `body`, which reads a member, and names the member in the error if there is one.
    ///
    /// - Parameters:
    ///   - member: The member, by its kind and name.
    ///   - body: Called to read it.
    /// - Returns: The result of `body`.
    /// - Throws: The error of `body`.
    static func naming<Result>(
        _ member: @autoclosure () -> String,
        _ body: () throws -> Result
    ) throws -> Result {
        do {
            return try body()
        } catch let error as CacheStoreError {
            throw error.naming(member: member())
        }
    }
}

extension CacheStoreError {
    /// Returns the same error with another remedy.
    func advising(_ remedy: Remedy) -> Self {
        Self(code, message, path: path, member: member, offset: offset, remedy: remedy, cause: cause)
    }
}

extension CacheStoreError {
    /// The kind of a failure.
    ///
    /// The type is a struct rather than an enum, so that a later release can add a code without breaking a
    /// caller's `switch`.
    public struct Code: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
        /// The code's name, for example `corruptArchive`.
        public let rawValue: String

        /// Creates a code by its name.
        public init(rawValue: String) { self.rawValue = rawValue }

        private init(_ name: String) { rawValue = name }

        /// The code's name.
        public var description: String { rawValue }

        /// The file is not an archive: it is too short, or it lacks the mark at its end, as a truncated
        /// archive does.
        public static let notAnArchive = Code("notAnArchive")

        /// The archive's frames, index or checksums contradict each other.
        public static let corruptArchive = Code("corruptArchive")

        /// The archive was written in a newer version of the format.
        public static let unsupportedVersion = Code("unsupportedVersion")

        /// Two archives hold different values where Go's checksums allow only one: a supply-chain alarm.
        public static let conflict = Code("conflict")

        /// Archives hold several outputs for one action ID, and the caller asked for agreement.
        public static let dispute = Code("dispute")

        /// A module of an archive does not have the hash that a `go.sum` states: a supply-chain alarm.
        public static let wrongSum = Code("wrongSum")

        /// Two different packs have one label.
        public static let duplicateLabel = Code("duplicateLabel")

        /// A cache holds entries that cannot be packed, and the caller asked for strictness; or content that
        /// repeats itself more often than an archive may hold.
        public static let damagedCache = Code("damagedCache")

        /// An argument is out of range, malformed or contradicts another.
        public static let badArgument = Code("badArgument")

        /// A path does not exist.
        public static let notFound = Code("notFound")

        /// The output exists already.
        public static let exists = Code("exists")

        /// A tar of caches is cut short, damaged or none.
        public static let badTar = Code("badTar")

        /// The system refused access.
        public static let permissionDenied = Code("permissionDenied")

        /// The file system can't be written to.
        public static let readOnly = Code("readOnly")

        /// The file system does not have enough room.
        public static let noSpace = Code("noSpace")

        /// A name in an archive would lead outside the target.
        public static let unsafePath = Code("unsafePath")

        /// A symbolic link stands where a file or directory should be.
        public static let symbolicLink = Code("symbolicLink")

        /// The requests to a cache program are not those of the go command.
        public static let badRequest = Code("badRequest")

        /// The `go` command could not be run or answered with an error.
        public static let goCommand = Code("goCommand")

        /// The logs of what go commands have used name no entry.
        public static let emptyLog = Code("emptyLog")

        /// An archive is longer than it may be.
        public static let overBudget = Code("overBudget")

        /// The network or a server failed, or a server does not do what its protocol asks.
        public static let network = Code("network")

        /// A server refused access.
        public static let accessDenied = Code("accessDenied")

        /// The operating system refused for any other reason.
        public static let io = Code("io")
    }
}

extension CacheStoreError: CustomStringConvertible {
    /// The sentence of ``summary``, followed by the remedy on a second line.
    public var description: String {
        guard let remedy else { return summary }
        return "\(summary)\nhint: \(remedy)"
    }

    /// The message with the place and the cause, on one line.
    public var summary: String {
        var text = message
        if let path { text += ": `\(path.shown)`" }
        if let member { text += ", member `\(member)`" }
        if let offset { text += ", at byte \(offset)" }
        if let cause { text += " (\(cause))" }
        return text
    }
}

extension CacheStoreError {
    /// Returns the error for a system call that failed on `path`.
    ///
    /// - Parameters:
    ///   - cause: The system's error.
    ///   - action: The action that failed, for example `create`, as in "cannot create".
    ///   - path: The file or directory.
    /// - Returns: An error whose code and remedy follow from `cause`.
    static func system(_ cause: Errno, _ action: String, _ path: FilePath) -> Self {
        let (code, remedy) = kind(of: cause)
        return Self(code, "cannot \(action)", path: path, remedy: remedy, cause: cause)
    }

    /// Returns the error for a file that another process has changed while it was read.
    static func changed(_ path: FilePath) -> Self {
        Self(.io, "the file changed while it was read", path: path, remedy: .runAgain)
    }

    /// Returns the error for work that needs more room than a file system has.
    ///
    /// - Parameters:
    ///   - work: What was to be done, as in "not enough room to `work`".
    ///   - needed: The bytes it needs; a negative number is one that can't be counted.
    ///   - free: The free bytes.
    ///   - path: A directory of the file system.
    /// - Returns: An error with both sizes, in a unit that tells them apart from nothing.
    static func noRoom(to work: String, needed: Int, free: Int, _ path: FilePath) -> Self {
        func size(_ bytes: Int) -> String {
            switch bytes {
            case ..<0: "more than any disk has"
            case ..<10_000: "\(bytes) B"
            case ..<10_000_000: "\(bytes / 1000) kB"
            default: "\(bytes / 1_000_000) MB"
            }
        }
        return Self(
            .noSpace,
            "not enough room to \(work): it takes about \(size(needed)), and \(size(free)) are free",
            path: path,
            remedy: .freeSpace
        )
    }

    /// Returns the code and the remedy for an error of the system; no other place maps system errors.
    private static func kind(of cause: Errno) -> (Code, Remedy?) {
        switch cause {
        case .noSuchFileOrDirectory: (.notFound, nil)
        case .fileExists: (.exists, nil)
        case .permissionDenied, .notPermitted: (.permissionDenied, .getAccess)
        case .readOnlyFileSystem: (.readOnly, .chooseWritable)
        case .noSpace, .diskQuotaExceeded: (.noSpace, .freeSpace)
        case .tooManySymbolicLinkLevels: (.symbolicLink, .removeObstacle)
        case .tooManyOpenFiles, .tooManyOpenFilesInSystem: (.io, .allowOpenFiles)
        case .noMemory: (.io, .freeMemory)
        case .fileTooLarge: (.io, .allowFileSize)
        case .ioError, .staleNFSFileHandle: (.io, .checkDisk)
        default: (.io, nil)
        }
    }

    /// The errors of the system that tell something about a file itself: it vanished or is of another kind.
    private static let ofEntries: Set<Errno> = [
        .noSuchFileOrDirectory, .notDirectory, .isDirectory, .tooManySymbolicLinkLevels,
        .noSuchAddressOrDevice,
    ]

    /// Whether the error tells something about the machine, so that it must not be taken for damage of data.
    ///
    /// Examples are missing permissions, missing descriptors or memory, and a disk that does not answer. The
    /// other errors tell that a file has vanished, is of another kind, or has the wrong content. This is the
    /// only place that decides between the two.
    var isOfMachine: Bool {
        switch code {
        case .notFound, .symbolicLink: return false
        case .unsafePath, .notAnArchive, .unsupportedVersion, .corruptArchive, .badTar: return false
        default: break
        }
        guard let cause = cause as? Errno else { return remedy != .removeObstacle }
        return !Self.ofEntries.contains(cause)
    }
}
