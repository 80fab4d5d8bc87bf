public import SystemPackage

/// How to pack.
public struct PackOptions: Hashable, Sendable {
    /// The levels that ``level`` may have: 1 is fast, 19 small.
    public static let levels = ZstdCompressor.levels

    // MARK: What goes in

    /// The name of the source, for example `aws`.
    public var label: String

    /// The Go environment of the job.
    public var environment: GoEnvironment

    /// The classes of entries of GOCACHE that are left out.
    public var dropped = EntryClass.droppedByDefault

    /// If not `nil`, entries of GOCACHE that were not used since this time are left out; in seconds since 1970.
    ///
    /// Go sets an entry's time at a hit only if it is an hour old, so what was used up to an hour before is packed
    /// too, and nothing that was used since is missing. Entries that a restore has sealed tell nothing and are
    /// packed. GOMODCACHE, where Go leaves no trace of a use, is packed whole.
    public var usedSince: Int?

    /// Archives whose members are not written: the new archive is the ``ArchiveDifference`` of the pack and these,
    /// byte for byte, and nothing that they have is compressed.
    ///
    /// Everything is read and checked all the same. The source is recorded as that of the whole pack, with its digest.
    public var bases: [FilePath] = []

    /// Whether an entry that cannot be packed is an error; otherwise it is left out and reported.
    public var isStrict = false

    /// Whether a file under the output's name may be replaced.
    public var overwrite = false

    // MARK: How fast, how small

    /// The zstd level, in ``levels``: it changes the archive's bytes, never its digest.
    public var level = 3

    /// The number of threads, or `nil` for one a processor; it changes nothing but the time.
    public var jobs: Int?

    /// Creates options with the defaults above.
    public init(label: String, environment: GoEnvironment = GoEnvironment()) {
        self.label = label
        self.environment = environment
    }
}
