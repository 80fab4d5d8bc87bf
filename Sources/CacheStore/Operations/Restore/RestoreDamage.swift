/// The damaged members that a restore meets and leaves out, gathered by its threads.
final class RestoreDamage: Sendable {
    private let isSkipped: Bool
    private let found = Gathered(DamagedMembers())

    /// Creates an empty list.
    ///
    /// - Parameter isSkipped: Whether damaged members are left out; otherwise each error passes on.
    init(isSkipped: Bool) { self.isSkipped = isSkipped }

    /// The members that were found so far.
    var members: DamagedMembers { found.value }

    /// Whether no member was found so far.
    var isEmpty: Bool { members.isEmpty }

    /// Runs `body`, which restores a member, and notes the member if its content is damaged.
    ///
    /// - Parameters:
    ///   - note: Called to note the fault.
    ///   - body: Called to restore the member. If it throws, nothing of the member may be left half-written.
    /// - Returns: Whether the member was restored.
    /// - Throws: The error of `body`, unless the archive is damaged and damaged members are left out.
    func containing(
        note: (inout DamagedMembers, CacheStoreError) -> Void,
        _ body: () throws -> Void
    ) throws -> Bool {
        do {
            try body()
            return true
        } catch let error as CacheStoreError where isSkipped && error.code == .corruptArchive {
            found.update { note(&$0, error) }
            return false
        }
    }

    /// Returns whether an output is left out.
    func has(_ output: OutputNumber) -> Bool { isSkipped && members.outputs[output] != nil }
}
