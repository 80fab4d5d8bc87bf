public import SystemPackage

/// An entry of a cache that a pack left out.
public struct LeftOut: Hashable, Sendable {
    /// The reason why an entry was left out.
    ///
    /// The type is a struct rather than an enum, so that a later release can add a reason without breaking a
    /// caller's `switch`.
    public struct Reason: RawRepresentable, Hashable, Sendable {
        /// The reason's name, for example `tornAction`.
        public let rawValue: String

        /// Creates a reason with a name, known to this version or not.
        public init(rawValue: String) { self.rawValue = rawValue }

        private init(_ name: String) { rawValue = name }

        /// An action entry in a form that Go does not write: torn, empty or garbage.
        public static let tornAction = Reason("tornAction")
        /// An action entry whose output is missing or was left out itself.
        public static let missingOutput = Reason("missingOutput")
        /// An output whose length is not the one that its action entry states.
        public static let wrongSize = Reason("wrongSize")
        /// An output whose name is not the SHA-256 of its content.
        public static let wrongContent = Reason("wrongContent")
        /// An output directory that does not hold exactly one executable file.
        public static let badExecutable = Reason("badExecutable")
        /// A module tree, `.zip` or `.ziphash` that does not match its hash, or lacks the hash.
        public static let wrongModuleHash = Reason("wrongModuleHash")
        /// A module that was being extracted (`.partial`).
        public static let partialModule = Reason("partialModule")
        /// A `.info`, `.mod` or other download in a form that Go does not write.
        public static let badDownload = Reason("badDownload")
        /// A symbolic link where a file or directory should be.
        public static let symbolicLink = Reason("symbolicLink")
        /// A socket, device or other special file.
        public static let specialFile = Reason("specialFile")
        /// A name that an archive may not hold.
        public static let badName = Reason("badName")
        /// A file that changed or vanished while it was packed.
        public static let changed = Reason("changed")
        /// A file that Go or a restore was writing, or left behind when it was stopped: `.tmp`, `.castore-…`.
        public static let temporary = Reason("temporary")
        /// A part of Go's own bookkeeping, which Go makes again: locks, version lists, `trim.txt`, VCS
        /// clones.
        public static let bookkeeping = Reason("bookkeeping")
        /// The index of a directory of a checkout, which may be wrong for another checkout; Go makes it
        /// again.
        public static let checkoutIndex = Reason("checkoutIndex")
        /// A corpus of `go test -fuzz`: data of the user, which Go does not make again.
        public static let fuzzCorpus = Reason("fuzzCorpus")
        /// A file that Go does not put into its caches.
        public static let foreign = Reason("foreign")

        /// The reasons that this version knows, in the order in which reports list them.
        public static let all: [Reason] = [
            .tornAction, .missingOutput, .wrongSize, .wrongContent, .badExecutable, .wrongModuleHash,
            .partialModule, .badDownload, .symbolicLink, .specialFile, .badName, .changed,
            .temporary, .bookkeeping, .checkoutIndex, .fuzzCorpus, .foreign,
        ]

        /// Whether the reason is a sign of damage; ``Pack/Options/isStrict`` makes damage an error.
        public var isDamage: Bool { ![.bookkeeping, .checkoutIndex, .fuzzCorpus, .foreign].contains(self) }
    }

    /// The path of the entry.
    public var path: FilePath

    /// The reason; stable across releases.
    public var reason: Reason

    /// The reason in words, with the particulars.
    public var explanation: String

    /// Creates a record.
    init(_ reason: Reason, _ path: FilePath, _ explanation: String) {
        self.path = path
        self.reason = reason
        self.explanation = explanation
    }

    /// Creates the record of a file that could not be read, because it vanished or is of another kind.
    ///
    /// - Throws: The error itself if the machine is at fault (``CacheStoreError/isOfMachine``): a pack
    ///   without the file would be a part of the cache, and nobody would notice. An error about permissions
    ///   gets the advice to pack as the owner.
    init(_ error: CacheStoreError, _ path: FilePath) throws(CacheStoreError) {
        switch error.code {
        case .symbolicLink: self.init(.symbolicLink, path, error.message)
        case .notFound: self.init(.changed, path, "it vanished while it was packed")
        case .permissionDenied: throw error.advising(.packAsOwner)
        default:
            guard !error.isOfMachine else { throw error }
            self.init(.specialFile, path, error.message)
        }
    }
}
