import Synchronization

/// A byte budget, shared by all layers: for finished blocks that wait for their turn, or for the names in a
/// base.
final class BlockBudget: Sendable {
    private let free: Atomic<Int>

    init(_ bytes: Int) { free = Atomic(bytes) }

    /// Reserves memory for a block, and returns whether enough was left.
    func reserve(_ count: Int) -> Bool {
        if free.subtract(count, ordering: .relaxed).newValue >= 0 { return true }
        release(count)
        return false
    }

    /// Releases the memory of a block.
    func release(_ count: Int) { free.add(count, ordering: .relaxed) }
}
