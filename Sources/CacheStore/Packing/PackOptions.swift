/// How to pack.
public struct PackOptions: Hashable, Sendable {
    /// The levels that ``level`` may have: 1 is fast, 19 small.
    public static let levels = ZstdCompressor.levels

    // MARK: What goes in

    /// The name of the source, for example `aws`.
    public var label: String

    /// The Go environment of the job.
    public var environment: GoEnvironment

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
