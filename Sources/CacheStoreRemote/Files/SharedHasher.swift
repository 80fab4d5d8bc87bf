import CacheStore
import Synchronization

/// A SHA-256 of pieces that come from closures, one after the other.
final class SharedHasher: Sendable {
    private let hasher = Mutex(ContentHasher())

    /// Adds bytes.
    func update(_ bytes: Span<UInt8>) { hasher.withLock { $0.update(bytes) } }

    /// Returns the SHA-256 of all bytes that were added.
    func finish() -> ObjectID { hasher.withLock { $0.finish() } }
}
