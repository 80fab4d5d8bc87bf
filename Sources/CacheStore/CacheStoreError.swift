public import SystemPackage

/// An error thrown by an operation of this library.
///
/// Every failure that CacheStore detects itself is one of these. ``code`` is what a program decides
/// on; ``message``, ``path``, ``member`` and ``hint`` are what a person reads. A cancelled operation throws
/// Swift's `CancellationError` instead, so callers can tell the two apart.
public struct CacheStoreError: Error, Sendable {
    /// The kind of failure; stable across releases.
    public let code: Code

    /// One sentence, without a trailing period, that says what is wrong.
    public let message: String

    /// The file or directory at fault, if there is one.
    public let path: FilePath?

    /// The member of the archive at fault (as `cachectl ls` names it), if there is one.
    public let member: String?

    /// Where in the file at ``path`` the fault lies, in bytes, if that is known.
    public let offset: Int?

    /// What the reader can do about it, if there is something.
    public let hint: String?

    /// The system's error underneath, if there is one.
    public let cause: Errno?

    /// Creates an error.
    public init(
        _ code: Code,
        _ message: String,
        path: FilePath? = nil,
        member: String? = nil,
        offset: Int? = nil,
        hint: String? = nil,
        cause: Errno? = nil
    ) {
        self.code = code
        self.message = message
        self.path = path
        self.member = member
        self.offset = offset
        self.hint = hint
        self.cause = cause
    }

    /// The same error, with `member` named where none was.
    func naming(member: String) -> Self {
        Self(
            code,
            message,
            path: path,
            member: self.member ?? member,
            offset: offset,
            hint: hint,
            cause: cause
        )
    }
}

extension CacheStoreError {
    /// The kind of a failure.
    ///
    /// A struct rather than an enum, so that a later release can add a code without breaking a
    /// caller's `switch`.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// The code's name, for example `corruptArchive`.
        public let description: String

        private init(_ name: String) { description = name }

        /// The file is no archive: too short, or without the mark at its end (which a cut also loses).
        public static let notAnArchive = Code("notAnArchive")

        /// The archive's frames, index or checksums contradict each other.
        public static let corruptArchive = Code("corruptArchive")

        /// The archive was written in a newer version of the format.
        public static let unsupportedVersion = Code("unsupportedVersion")

        /// Two archives hold different values where there can be only one: a supply-chain alarm.
        public static let conflict = Code("conflict")

        /// Two different packs have one label.
        public static let duplicateLabel = Code("duplicateLabel")

        /// A cache holds entries that cannot be packed, and the caller asked for strictness.
        public static let damagedCache = Code("damagedCache")

        /// An argument is out of range, malformed or contradicts another.
        public static let badArgument = Code("badArgument")

        /// A path does not exist.
        public static let notFound = Code("notFound")

        /// The output is there already.
        public static let exists = Code("exists")

        /// The system refused access.
        public static let permissionDenied = Code("permissionDenied")

        /// The file system can't be written to.
        public static let readOnly = Code("readOnly")

        /// The file system has not enough room.
        public static let noSpace = Code("noSpace")

        /// A name in an archive, or a symbolic link in the target, would lead outside the target.
        public static let unsafePath = Code("unsafePath")

        /// The `go` command could not be run or answered with an error.
        public static let goCommand = Code("goCommand")

        /// Any other refusal of the operating system.
        public static let io = Code("io")
    }
}

extension CacheStoreError: CustomStringConvertible {
    /// The message with the place and the cause, then the hint.
    public var description: String {
        var text = message
        if let path { text += ": `\(path)`" }
        if let member { text += ", member `\(member)`" }
        if let offset { text += ", at byte \(offset)" }
        if let cause { text += " (\(cause))" }
        if let hint { text += "\nhint: \(hint)" }
        return text
    }
}

extension CacheStoreError {
    /// The error for a system call that failed on `path`.
    ///
    /// - Parameters:
    ///   - cause: What the system said.
    ///   - action: What was being done, for example `create`, as in "cannot create".
    ///   - path: The file or directory.
    /// - Returns: An error whose code and hint follow from `cause`.
    static func system(_ cause: Errno, _ action: String, _ path: FilePath) -> Self {
        let code: Code
        var hint: String?
        switch cause {
        case .noSuchFileOrDirectory: code = .notFound
        case .fileExists: code = .exists
        case .permissionDenied, .notPermitted:
            code = .permissionDenied
            hint = "check the owner and mode, or run as the user who owns it"
        case .readOnlyFileSystem:
            code = .readOnly
            hint = "choose a target on a file system that can be written to"
        case .noSpace, Errno(rawValue: 122):  // EDQUOT
            code = .noSpace
            hint = "free some space there, or choose another place"
        case .tooManySymbolicLinkLevels:
            code = .unsafePath
            hint = "a symbolic link stands where a directory or file should be: remove it"
        default: code = .io
        }
        return Self(code, "cannot \(action)", path: path, hint: hint, cause: cause)
    }
}
