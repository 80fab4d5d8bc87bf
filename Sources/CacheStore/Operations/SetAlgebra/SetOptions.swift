/// Options of ``Union``, ``Difference`` and ``Intersect``.
public struct SetOptions: Hashable, Sendable {
    /// Whether a file under the output's name may be replaced.
    public var overwrite = false

    /// The number of threads, or `nil` for one per processor; it changes nothing but the time.
    public var jobs: Int?

    /// Creates options with the defaults above.
    public init() {}
}
