public import SystemPackage

extension Pack {
    /// Options of a ``Pack``.
    public struct Options: Sendable {
        /// The levels that ``level`` may have: 1 is the fastest, 19 makes the smallest archive.
        public static let levels = ZstdCompressor.levels

        // MARK: Input

        /// The name of the source, for example `aws`: see ``Source/isValid(label:)``.
        public var label: String

        /// The Go environment of the job.
        ///
        /// A known environment is recorded with the path of the GOMODCACHE that is packed, even if the
        /// environment names another path. Entries of the build cache are keyed by that path. If compiled
        /// packages state another path, that one is recorded, and the report warns of it.
        public var environment: GoEnvironment

        /// The classes of entries of GOCACHE that are left out.
        public var dropped = EntryClass.droppedByDefault

        /// A time in seconds since 1970: entries of GOCACHE last used before this time are not packed.
        ///
        /// With `nil`, entries of any age are packed.
        ///
        /// At a hit, Go updates an entry's time only if that time is an hour old. Therefore entries that were
        /// used up to an hour before this time are packed too, so that no entry used since then is missing.
        /// The time of an entry that a restore has sealed says nothing about its use, so sealed entries are
        /// packed. GOMODCACHE, where Go leaves no trace of a use, is packed whole.
        ///
        /// This choice, ``usedSinceRestore`` and ``loggedUse`` exclude each other.
        public var usedSince: Int?

        /// The directory of the job's sources: with it, only what the job has used since the restore of its
        /// caches is packed; with `nil`, everything is.
        ///
        /// A ``Restore`` with the profile ``CacheProfile/ci`` makes Go mark the entries that it uses.
        /// Entries without a mark are not packed. Marks of the day before the restore count, too, because
        /// jobs may share GOCACHE. Entries that Go could not mark, because they belong to another user than
        /// one who builds or packs, are packed with a warning. Where there was no such restore, all entries
        /// are packed, because the job has made them. Where the marks can't be trusted, all entries are
        /// packed, too, with a warning.
        ///
        /// Of GOMODCACHE, the modules are packed that some `go.sum` or `go.work.sum` names, if builds in the
        /// directory use the file or it lies below: whole if the file has the hash of the module's zip, and
        /// otherwise just the `.mod` and `.info`. Modules whose index Go has used are packed as well, and so
        /// is the toolchain that runs.
        public var usedSinceRestore: FilePath?

        /// The logs of what the job has used: with them, only that is packed; with `nil`, everything is.
        ///
        /// Of GOCACHE, the entries are packed that the logs name, whatever their times. Entries that the logs
        /// name and GOCACHE does not have are ignored. Logs that name no entry at all are an error, so that
        /// no archive without entries takes the place of one that has some.
        ///
        /// Modules are packed by the rule of ``usedSinceRestore``. The logs tell which indexes of modules Go
        /// has used.
        public var loggedUse: LoggedUse?

        /// The Go command to ask which `go.sum` files builds in ``usedSinceRestore``, or in the checkout of
        /// ``loggedUse``, use.
        ///
        /// With `nil`, or where Go does not say, they are those beside the nearest `go.mod` and `go.work` in
        /// the directory or above it. These lack the modules of a workspace that lie elsewhere.
        public var go: GoCommand?

        /// The archives whose members are not written.
        ///
        /// The new archive is, byte for byte, the ``Difference`` of the pack and these archives, if the
        /// caches are sound. What is written is read and checked. What the archives have under the same
        /// name is not read, and counts as what its name says, so that time is proportional to what is new:
        /// - An output of GOCACHE has the name of its content, and must have the length that goes with it. It
        ///   is read all the same if an entry that the archives lack refers to it, because the entry is
        ///   written with its output.
        /// - A module tree must have the `h1:` hash in its `.ziphash`, and as many files, executables and
        ///   bytes as the tree in the archive. It is read if Go has indexed it anew.
        /// - A module zip without its tree must have the hash and the length of the zip in the archive.
        ///
        /// Up to 256 packages are looked at in any case, for the path of GOMODCACHE in ``environment``.
        /// Nothing unread enters the new archive. Damage of a file that is not read is not noticed, and
        /// does no harm: a union with these archives has their content. ``rechecks`` has everything read.
        /// The content of the archives themselves is never read; ``Verify`` checks it. The new archive
        /// records the source of the whole pack, with the digest of the whole pack.
        public var bases: [any ArchiveReference] = []

        /// Whether everything is read and checked, even what ``bases`` have under the same name, and what
        /// ``included`` and ``excluded`` leave out.
        ///
        /// The archive is the same unless files are damaged. Then the digest of the pack's source differs,
        /// ``Report/leftOut`` lists them, and ``isStrict`` makes them an error.
        public var rechecks = false

        /// Whether an entry that cannot be packed is an error; otherwise the entry is left out and reported.
        ///
        /// Damage to content that ``bases`` have, or that patterns leave out, is found only with
        /// ``rechecks``, because it is not read.
        public var isStrict = false

        /// Whether a file under the output's name may be replaced.
        public var overwrite = false

        // MARK: Names

        /// Patterns: of modules and packages, only those are packed that at least one of them matches; empty
        /// for all.
        ///
        /// The new archive is, byte for byte, what a ``Select`` with the same patterns makes of the archive
        /// that a pack without patterns writes, if the caches are sound. ``Select/Options/included`` states
        /// what a pattern matches, and which members belong to no module and no package, and so are packed
        /// under any pattern. The archive records the source of the whole pack, with the digest of the whole
        /// pack. So archives of several patterns can be united. With ``bases``, the archive is the
        /// ``Difference`` of that selection and the bases.
        ///
        /// Of what is left out, little more than names is read, and it counts as what its name says:
        /// - A compiled package is read as far as the name that it states, whether it stays or goes.
        /// - The files of a module tree are listed, and not read. The tree is read if it has no `.ziphash` or
        ///   travels as a zip, and if an index of the module is packed.
        /// - A module zip without its tree is read, because the digest of the whole pack holds its SHA-256.
        ///
        /// Nothing unread enters the archive. Damage of what is left out is not noticed: the digest of the
        /// source then counts a damaged member, and what Go derives from a damaged package goes by the name
        /// that the package states. ``rechecks`` has everything read.
        public var included: [Glob] = []

        /// Patterns: of modules and packages, none is packed that one of them matches.
        ///
        /// Names match as with ``included``, and as little is read of what is left out.
        public var excluded: [Glob] = []

        // MARK: Speed and size

        /// The zstd level, in ``levels``; it changes the archive's bytes, but never its digest.
        public var level = 3

        /// The number of threads, or `nil` for one per processor; it changes only the time.
        public var jobs: Int?

        /// Creates options with the defaults above.
        public init(label: String, environment: GoEnvironment = GoEnvironment()) {
            self.label = label
            self.environment = environment
        }

        /// Checks the options, as ``Pack/run(_:to:progress:)-(GoCaches,_,_)`` does before anything else.
        ///
        /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
        public func check() throws(CacheStoreError) {
            guard Source.isValid(label: label) else {
                throw CacheStoreError(.badArgument, "`\(label)` can't be a label", remedy: .chooseLabel)
            }
            let choices = [usedSince != nil, usedSinceRestore != nil, loggedUse != nil]
            guard choices.count(where: \.self) < 2 else {
                throw CacheStoreError(
                    .badArgument,
                    "entries can be chosen by their use since a time, since the restore, or in a log, and "
                        + "only by one of these"
                )
            }
            if let loggedUse, loggedUse.logs.isEmpty {
                throw CacheStoreError(.badArgument, "no log is named that tells which entries were used")
            }
            try ZstdCompressor.check(level: level)
        }

        /// Whether members are chosen by their names.
        var hasPatterns: Bool { !included.isEmpty || !excluded.isEmpty }

        /// The directory of the job's sources, if only what the job has used is packed.
        var checkout: FilePath? { usedSinceRestore ?? loggedUse?.checkout }

        /// Returns the options with the packed GOMODCACHE in the environment; without any for an empty path.
        ///
        /// Options without a recorded environment are returned as they are, and so they are without a path.
        func recording(moduleCache path: String?) -> Options {
            guard environment.isKnown, let path else { return self }
            var result = self
            result.environment.variables["GOMODCACHE"] = path
            return result
        }

        /// Returns the options with opened bases.
        ///
        /// - Throws: ``CacheStoreError`` if a base can't be opened, or `output` is one, or a log of the use.
        func openingBases(besides output: FilePath?) throws(CacheStoreError) -> Options {
            var result = self
            let opened = try bases.opened()
            if let output {
                try opened.checkOutput(output)
                try UseLog.check(output: output, besides: loggedUse?.logs ?? [])
            }
            result.bases = opened
            return result
        }
    }
}

extension Pack {
    /// The logs of what a job has used, and the directory of its sources.
    public struct LoggedUse: Hashable, Sendable {
        /// The logs of the program that has served GOCACHE to the job's go commands.
        ///
        /// Each is the path of the program's log of figures, beside which it writes the action IDs of the
        /// entries that were used, under the same name and `.used`. The path of that file will do, too.
        public var logs: [FilePath]

        /// The directory of the job's sources, whose `go.sum` files name its modules.
        public var checkout: FilePath

        /// Creates a choice of logs and a directory.
        public init(logs: [FilePath], checkout: FilePath) {
            self.logs = logs
            self.checkout = checkout
        }
    }
}
