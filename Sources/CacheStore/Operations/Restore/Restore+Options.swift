extension Restore {
    /// Options of a ``Restore``.
    public struct Options: Hashable, Sendable {
        /// The treatment of module zips.
        public enum ModuleZips: String, Hashable, Sendable, CaseIterable {
            /// No zips are written.
            ///
            /// Builds do not need them, and `go mod download` would fetch them again.
            case none
            /// An equivalent zip, not compressed, is made from each tree that had a zip.
            case make
        }

        // MARK: Output

        /// The labels of the sources to restore; `nil` for all.
        public var only: [String]?

        /// Patterns: modules and packages that at least one of them matches are restored; empty for all.
        ///
        /// Patterns match as those of ``Select/Options/included`` do, and what needs a member that is left
        /// out is left out, too. With patterns, all members are kept in memory.
        public var included: [Glob] = []

        /// Patterns: modules and packages that one of them matches are left out.
        public var excluded: [Glob] = []

        /// The modules to restore to GOMODCACHE; `nil` for all.
        ///
        /// Of a module that is named with the hash of its zip, the tree or the stored zip and all downloads
        /// are restored; of one that is named with the hash of its `go.mod` alone, the `.mod` and `.info`
        /// files; of the checksum database, nothing. Members that are restored must have the hashes that the
        /// files state, or nothing at all is written. An `.info` that is there and sound stays as it is,
        /// because that of another archive may differ.
        ///
        /// To restore from several archives, give ``Restore/Report/absentModules`` of each restore to the
        /// next.
        public var modules: NamedModules?

        /// The intended use of the caches.
        public var profile = CacheProfile.image

        /// The treatment of module zips.
        public var moduleZips = ModuleZips.none

        /// Whether the directories of new module trees stay writable for their owner, so that the owner can
        /// remove the trees (Go's flag `-modcacherw`).
        ///
        /// Files of trees are read-only in any case, as with Go.
        public var leavesTreesWritable = false

        /// Whether members whose content is damaged in the archive are left out, instead of ending the
        /// restore with an error.
        ///
        /// An action entry is left out with its output. A module tree or a stored zip is left out whole, and
        /// the module's other downloads are restored. ``Restore/Report/leftOut`` lists the members.
        public var skipsDamaged = false

        /// Whether to remove, at the end, what the restore does not hold.
        ///
        /// Of GOCACHE, entries and outputs are removed; of GOMODCACHE, module trees, downloads and files of
        /// the checksum database (these not with ``modules``). A tree stays if the archive stores the
        /// module's zip, from which Go would unpack it again. Everything else stays, too: locks, Go's own
        /// files, clones, and files that are not of Go. ``Report/excess`` tells what was removed. No build
        /// may use the caches meanwhile.
        public var removesExcess = false

        /// Whether to wait at the end until all data are on the disk (`syncfs(2)`).
        ///
        /// Without this, files that were written shortly before may be empty, hold zeros or be missing
        /// after a power cut, and Go does not notice it. The same restore, run again before the first build,
        /// mends them. See <doc:Design>.
        public var synchronize = false

        /// The Go environment of the builds that will use the caches, to warn of entries that will miss
        /// there.
        ///
        /// With `nil`, only GOMODCACHE is compared.
        public var environment: GoEnvironment?

        /// Whether ``Restore/Report/warnings`` tells of entries that will miss in the ``environment``, and
        /// ``Restore/Report/nothingHits`` is judged.
        public var warnsOfMisses = true

        // MARK: Speed

        /// The number of threads, or `nil` for one per processor; it changes only the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init() {}
    }
}
