public import SystemPackage

/// What a pack wrote, and what it left out.
public struct PackReport: Hashable, Sendable {
    /// The digest of the archive: with ``PackOptions/bases``, of what they lack.
    public var digest: ObjectID

    /// The archive in figures.
    public var totals: ArchiveTotals

    /// What was found in the caches and is no member, and why; ordered by path.
    public var leftOut: [LeftOut]

    /// The sound entries of GOCACHE that ``PackOptions/dropped`` left out, by class: files and their bytes.
    public var dropped: [EntryClass: ArchiveTotals.Tally]

    /// The number of entries of GOCACHE that ``PackOptions/usedSince`` left out.
    public var unused: Int

    /// The first of ``PackOptions/bases`` that holds another pack of this label, and so can't be united with the
    /// archive.
    public var baseWithLabel: FilePath?
}

/// An entry of a cache that a pack left out.
public struct LeftOut: Hashable, Sendable {
    /// Why it was left out; stable across releases.
    public enum Reason: String, Hashable, Sendable, CaseIterable {
        /// An action entry that is not as Go writes them: torn, empty or garbage.
        case tornAction
        /// An action entry whose output is missing or was left out itself.
        case missingOutput
        /// An output whose length is not what its action entry says.
        case wrongSize
        /// An output whose content is not its name.
        case wrongContent
        /// An output directory that does not hold exactly one executable file.
        case badExecutable
        /// A module tree, `.zip` or `.ziphash` that does not match, or lacks, its hash.
        case wrongModuleHash
        /// A module that was being extracted (`.partial`).
        case partialModule
        /// A `.info`, `.mod` or other download that is not as Go writes them.
        case badDownload
        /// A file that could not be read.
        case unreadable
        /// A symbolic link where a file or directory should be.
        case symbolicLink
        /// A socket, device or other special file.
        case specialFile
        /// A name that an archive may not hold.
        case badName
        /// A file that changed or vanished while it was packed.
        case changed
        /// A file that Go was writing, or that it left when it was stopped: `.tmp`.
        case temporary
        /// Go's own bookkeeping, which it makes again: locks, version lists, `trim.txt`, VCS clones.
        case bookkeeping
        /// A file that Go does not put there.
        case foreign

        /// Whether it is a sign of damage, which ``PackOptions/isStrict`` makes an error.
        public var isDamage: Bool { self != .bookkeeping && self != .foreign }

    }

    /// Where it lies.
    public var path: FilePath

    /// Why it was left out.
    public var reason: Reason

    /// The reason in words, with the particulars.
    public var explanation: String

    /// Creates a record.
    init(_ reason: Reason, _ path: FilePath, _ explanation: String) {
        self.path = path
        self.reason = reason
        self.explanation = explanation
    }

    /// Creates the record of a file that an error kept from being read.
    init(_ error: CacheStoreError, _ path: FilePath) {
        switch error.code {
        case .unsafePath: self.init(.symbolicLink, path, error.message)
        case .notFound: self.init(.changed, path, "it vanished while it was packed")
        default: self.init(.unreadable, path, "\(error.message)" + (error.cause.map { ", \($0)" } ?? ""))
        }
    }
}
