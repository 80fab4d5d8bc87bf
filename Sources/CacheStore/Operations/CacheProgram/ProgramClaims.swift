/// The outputs or the actions that one thread works on while others wait.
final class ProgramClaims: Sendable {
    private let claimed = Monitor<Set<ObjectID>>([])

    /// Waits until no other thread has claimed an ID, and lets the others wait.
    func claim(_ id: ObjectID) {
        claimed.wait(until: { !$0.contains(id) }) { _ = $0.insert(id) }
    }

    /// Lets the next thread claim an ID.
    func release(_ id: ObjectID) {
        claimed.withLock { _ = $0.remove(id) }
        claimed.broadcast()
    }
}
