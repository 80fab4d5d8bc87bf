import Synchronization

/// The memory that blocks may take that have to wait for others: one account for all layers.
final class BlockBudget: Sendable {
    private let free: Atomic<Int>

    init(_ bytes: Int) { free = Atomic(bytes) }

    /// Takes memory for a block, unless there is not enough left.
    func reserve(_ count: Int) -> Bool {
        if free.subtract(count, ordering: .relaxed).newValue >= 0 { return true }
        release(count)
        return false
    }

    /// Gives it back.
    func release(_ count: Int) { free.add(count, ordering: .relaxed) }
}
