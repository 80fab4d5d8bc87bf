import Glibc

/// The rule by which an action entry of GOCACHE counts as used.
enum EntryUse: Hashable, Sendable {
    /// Every entry counts as used, because nothing tells, or because it does not matter.
    case any

    /// An entry counts as used if its time is not earlier than a time in seconds since 1970, because Go marks
    /// an entry that it uses by setting its time; see ``RestoreStamp``.
    ///
    /// Entries of the owners whose entries nobody could mark count as used, too; see ``EntryOwners``.
    case marked(since: Int, unmarkable: Set<uid_t> = [])

    /// An entry counts as used if it is one of those that go commands have logged; see ``UseLog``.
    case logged(Set<ObjectID>)

    /// The owners whose entries count as used whatever their time.
    var unmarkable: Set<uid_t> {
        if case .marked(_, let unmarkable) = self { unmarkable } else { [] }
    }

    /// The use of an entry.
    enum Judgement: Hashable, Sendable {
        case used
        case unused
        /// Nothing tells, because the entry's owner kept Go from marking it, so the entry counts as used.
        case unmarkable
    }

    /// Returns whether an entry was used.
    ///
    /// - Parameters:
    ///   - action: The entry.
    ///   - status: The status of its file.
    /// - Returns: The use that the rule tells of.
    func judgement(of action: ObjectID, _ status: FileStatus) -> Judgement {
        switch self {
        case .any: .used
        case .marked(let earliest, let unmarkable):
            if status.modified >= earliest {
                .used
            } else {
                unmarkable.contains(status.owner) ? .unmarkable : .unused
            }
        case .logged(let actions): actions.contains(action) ? .used : .unused
        }
    }
}
