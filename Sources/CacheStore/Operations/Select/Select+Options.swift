public import SystemPackage

extension Select {
    /// Options of a ``Select``: its filters, and how the new archive is written.
    ///
    /// A member stays if all filters that are set keep it. Lists are sets: order and repetition do not
    /// matter.
    public struct Options: Sendable {
        /// The levels that ``level`` may have: 1 is the fastest, 19 makes the smallest archive.
        public static let levels = ZstdCompressor.levels

        // MARK: Filters

        /// The labels of sources: members that at least one of them holds stay, and no other source is
        /// recorded; `nil` for no such filter.
        ///
        /// With one label, the result has the members of the archive that the source's pack wrote, unless a
        /// union had to settle a disagreement.
        public var only: [String]?

        /// The labels of sources: members that all of them hold stay; `nil` for no such filter.
        public var sharedBy: [String]?

        /// Patterns: modules and packages that at least one of them matches stay; empty for no such filter.
        ///
        /// A pattern matches a module by its path, alone or with `@` and the version. It matches a compiled
        /// package by its import path or, if the package comes from GOMODCACHE, by its module. A program
        /// also goes by the directory of its sources, and Go's own packages go by `std`.
        ///
        /// Members that belong to no module and to no package that states its name stay: `.mod` and `.info`
        /// files, the checksum database, and entries such as the facts of `go vet`, test results, linked
        /// programs and indexes of GOROOT.
        public var included: [Glob] = []

        /// Patterns: modules and packages that one of them matches go.
        ///
        /// Patterns match as those of ``included`` do, and the same members belong to none.
        public var excluded: [Glob] = []

        /// The classes of entries of GOCACHE that stay; `nil` for all.
        ///
        /// The other entries that Go derives from a compiled package go with the package.
        public var kept: Set<EntryClass>?

        /// The classes of entries of GOCACHE that go.
        public var dropped: Set<EntryClass> = []

        /// The logs of what jobs have used: only that stays; empty for no such filter.
        ///
        /// Each is the path of a log of figures of a program that has served GOCACHE, or of the log of used
        /// entries beside it; see ``Pack/LoggedUse/logs``. Of GOCACHE, the entries stay that the logs name.
        ///
        /// A module stays if the logs name its index, or an entry of a package that was compiled from it. It
        /// goes if the archives hold its index or a package of it, and the logs name none of them. Where
        /// nothing tells, it stays. This rule is weaker than that of ``Pack/Options/loggedUse``, which also
        /// has the `go.sum` files of the job.
        public var usedLogs: [FilePath] = []

        /// Archives: members whose keys one of them lacks go.
        public var heldIn: [any ArchiveReference] = []

        /// The length that the new archive may have, in bytes; `nil` for any.
        ///
        /// Whole packages and modules go until the file is at most that long: first what the fewest sources
        /// hold; of that, what is not Go's own; then what frees the most stored bytes; then by name. A
        /// package is all entries of one import path, and a module is the tree, zip and index of one version.
        /// As few of them go as this order allows. For the last one, a smaller one of as many sources goes
        /// that frees enough, if there is one; it is Go's own only if the last one is. ``Report/cuts`` lists
        /// them. All members are in memory to be weighed.
        public var maximumBytes: Int?

        // MARK: Output

        /// Whether a file that has the new archive's name may be replaced.
        public var overwrite = false

        /// The zstd level, in ``levels``, with which all content is compressed again; `nil` to copy the
        /// frames of the inputs.
        ///
        /// The level changes the archive's bytes, but never its digest. The bytes then don't depend on how
        /// the inputs were compressed. It can't be combined with ``maximumBytes``, which judges members by
        /// the lengths of their frames: first compress, then limit the size of the result.
        public var level: Int?

        /// The number of threads, or `nil` for one per processor; it affects nothing but time and memory.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init() {}

        /// Whether no filter is set, so that the result is the union.
        var keepsAll: Bool {
            only == nil && sharedBy == nil && !needsNames && kept == nil && dropped.isEmpty
                && heldIn.isEmpty && maximumBytes == nil
        }

        /// Whether filters ask for the names of compiled packages.
        var needsNames: Bool {
            !included.isEmpty || !excluded.isEmpty || !usedLogs.isEmpty || maximumBytes != nil
        }

        /// Checks the options, as ``Select/run(_:to:progress:)`` does before anything else.
        ///
        /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
        public func check() throws(CacheStoreError) {
            if let both = EntryClass.ordered((kept ?? []).intersection(dropped)).first, kept != nil {
                throw CacheStoreError(.badArgument, "`\(both.rawValue)` can't be both kept and dropped")
            }
            if let only, let label = sharedBy?.first(where: { !only.contains($0) }) {
                throw CacheStoreError(
                    .badArgument,
                    "`\(label)` is to share the members that stay, but is not among the sources that stay"
                )
            }
            if let level {
                try ZstdCompressor.check(level: level)
                guard maximumBytes == nil else {
                    throw CacheStoreError(
                        .badArgument,
                        "an archive can't be compressed again and limited in size at once: its size is not "
                            + "known before all is compressed",
                        remedy: .compressFirst
                    )
                }
            }
        }
    }
}
