import Synchronization

/// How far an operation has come: counters that only grow.
public struct OperationProgress: Hashable, Sendable {
    /// What is being done now, for example `reading`, `compressing`, `copying` or `restoring`.
    public var phase: String

    /// The bytes of content done in this phase.
    public var bytes: Int

    /// The bytes of content that this phase has to do.
    public var totalBytes: Int

    /// The members or files done in this phase.
    public var items: Int

    /// The members or files that this phase has to do.
    public var totalItems: Int
}

/// Receives progress, at most ten times a second, on any thread.
///
/// The result of an operation is its return value, never the last progress.
public typealias ProgressHandler = @Sendable (OperationProgress) -> Void
