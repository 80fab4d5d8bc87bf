public import SystemPackage

/// The progress of an operation: counters that only grow within a phase.
public struct OperationProgress: Hashable, Sendable {
    /// The name of the phase, for example `reading`, `compressing`, `copying` or `restoring`.
    public var phase: String

    /// The number of bytes of content done in this phase.
    public var bytes: Int

    /// The number of bytes of content that this phase has to do.
    public var totalBytes: Int

    /// The number of members or files done in this phase.
    public var items: Int

    /// The number of members or files that this phase has to do.
    public var totalItems: Int

    /// The directory or file whose lock another process holds, once the operation has waited for it for two
    /// seconds; `nil` while nothing waits.
    public var awaitedLock: FilePath?
}

/// A closure that receives progress, at most ten times per second, on any thread.
///
/// The result of an operation is its return value, never the last progress.
public typealias ProgressHandler = @Sendable (OperationProgress) -> Void
