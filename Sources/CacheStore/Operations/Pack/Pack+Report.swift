extension Pack {
    /// A report on the members that a pack wrote and the entries that it left out.
    public struct Report: Hashable, Sendable {
        /// The digest of the archive; with ``Pack/Options/bases``, that of the members that the bases lack.
        public var digest: ObjectID

        /// The Go environment that was recorded.
        public var environment: GoEnvironment

        /// The archive in figures.
        ///
        /// In a preview, the stored bytes and the lengths of the frames and of the file are 0, because they
        /// are known only when content has been compressed.
        public var totals: ArchiveTotals

        /// The members of the caches that the patterns of ``Pack/Options/included`` and
        /// ``Pack/Options/excluded`` left out.
        public var excluded: Excluded

        /// The members of the caches that the bases have and that are not in the archive, by kind.
        ///
        /// Their stored bytes are 0. Without ``Pack/Options/bases`` there are none.
        public var covered: [Member.Kind: ArchiveTotals.Tally]

        /// The outputs, module trees and zips that count as those of the bases by name, and were not read.
        ///
        /// Their stored bytes are 0. ``Pack/Options/bases`` states the rule.
        public var unread: ArchiveTotals.Tally

        /// The entries of the caches that did not become members, each with the reason, in the order of their
        /// paths.
        public var leftOut: [LeftOut]

        /// The sound entries of GOCACHE that ``Pack/Options/dropped`` left out, by class: the number of files
        /// and their bytes.
        public var dropped: [EntryClass: ArchiveTotals.Tally]

        /// The number of entries of GOCACHE that ``Pack/Options/usedSince``,
        /// ``Pack/Options/usedSinceRestore`` or ``Pack/Options/loggedUse`` left out.
        public var unused: Int

        /// The number of modules that ``Pack/Options/usedSinceRestore`` or ``Pack/Options/loggedUse`` left
        /// out.
        public var unusedModules: Int

        /// The time of the restore since which the use of entries was judged, in seconds since 1970.
        ///
        /// The value is `nil` without ``Pack/Options/usedSinceRestore``, and where no restore left marks.
        public var restoreTime: Int?

        /// The places in the tar where the caches were found; `nil` for a pack of directories.
        public var places: CacheTar.Places?

        /// The warnings of circumstances that are not errors, but may be mistakes.
        ///
        /// Examples are a missing environment, an empty cache, or a base that holds another pack with the
        /// same label.
        public var warnings: [Warning]
    }
}

extension Pack {
    /// The members that the patterns of a pack left out, in figures.
    public struct Excluded: Hashable, Sendable {
        /// The number of packages and programs, each counted once whatever the number of its entries.
        public var packages = 0

        /// The number of modules, each version counted by itself, whose tree or zip was left out.
        public var modules = 0

        /// The members, by kind; their stored bytes are 0, because nothing has compressed them.
        public var byKind: [Member.Kind: ArchiveTotals.Tally] = [:]

        /// Creates the figures of a pack that leaves out nothing.
        public init() {}

        /// The number of entries of GOCACHE.
        public var entries: Int { byKind[.action]?.members ?? 0 }

        /// The length of the members' content, in bytes.
        public var contentBytes: Int { byKind.values.reduce(0) { $0 + $1.contentBytes } }
    }
}
