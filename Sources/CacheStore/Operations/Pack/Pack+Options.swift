public import SystemPackage

extension Pack {
    /// Options of a ``Pack``.
    public struct Options: Hashable, Sendable {
        /// The levels that ``level`` may have: 1 is fast, 19 small.
        public static let levels = ZstdCompressor.levels

        // MARK: What goes in

        /// The name of the source, for example `aws`: see ``Source/isValid(label:)``.
        public var label: String

        /// The Go environment of the job. A known one is recorded with the GOMODCACHE that is packed, whatever it
        /// names itself: entries of the build cache are keyed by that path.
        public var environment: GoEnvironment

        /// The classes of entries of GOCACHE that are left out.
        public var dropped = EntryClass.droppedByDefault

        /// If not `nil`, entries of GOCACHE that were not used since this time are left out; in seconds since 1970.
        ///
        /// Go sets an entry's time at a hit only if the time is an hour old. So entries used up to an hour before
        /// are packed too, and no entry that was used since is missing. Entries that a restore has sealed tell
        /// nothing and are packed. GOMODCACHE, where Go leaves no trace of a use, is packed whole.
        public var usedSince: Int?

        /// Archives whose members are not written: the new archive is the ``Difference`` of the pack and these, byte
        /// for byte, and nothing that they have is compressed.
        ///
        /// Everything is read and checked all the same. The source is recorded as that of the whole pack, with its
        /// digest.
        public var bases: [FilePath] = []

        /// Whether an entry that cannot be packed is an error; otherwise it is left out and reported.
        public var isStrict = false

        /// Whether a file under the output's name may be replaced.
        public var overwrite = false

        // MARK: How fast, how small

        /// The zstd level, in ``levels``: it changes the archive's bytes, never its digest.
        public var level = 3

        /// The number of threads, or `nil` for one per processor; it changes nothing but the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init(label: String, environment: GoEnvironment = GoEnvironment()) {
            self.label = label
            self.environment = environment
        }

        /// Checks the options, as ``Pack/run(_:to:progress:)`` does before anything else.
        ///
        /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
        public func check() throws(CacheStoreError) {
            guard Source.isValid(label: label) else {
                throw CacheStoreError(.badArgument, "`\(label)` can't be a label", remedy: .chooseLabel)
            }
            guard Self.levels.contains(level) else {
                throw CacheStoreError(
                    .badArgument,
                    "the level is \(level), and must be \(Self.levels.lowerBound) to \(Self.levels.upperBound)"
                )
            }
        }

        /// Returns the options with the GOMODCACHE that is packed in the environment, if one is recorded at all.
        func recordingModuleCache(of caches: GoCaches) -> Options {
            guard environment.isKnown, let path = caches.moduleCache else { return self }
            var result = self
            result.environment.variables["GOMODCACHE"] = path.string
            return result
        }
    }
}
