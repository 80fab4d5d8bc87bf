/// The chunks of several archives, each with the frame that is kept of it.
struct FrameTable: Sendable {
    /// The places, by the chunks' numbers here.
    private(set) var places: [FramePlace] = []

    private var numbers: [ObjectID: UInt32] = [:]

    /// Creates an empty table.
    init() {}

    /// The number of a chunk that was added.
    func number(of id: ObjectID) -> UInt32? { numbers[id] }

    /// Adds the chunks of an archive, and keeps the shorter frame of those that are there already.
    ///
    /// - Parameters:
    ///   - set: The members of the archive.
    ///   - input: Its position among the inputs.
    /// - Returns: The members, with the chunks' numbers those of the table.
    mutating func add(_ set: MemberSet, from input: Int) -> MemberSet {
        var renumbered: [UInt32] = []
        renumbered.reserveCapacity(set.chunks.count)
        for record in set.chunks {
            let place = FramePlace(input: input, record: record)
            if let number = numbers[record.id] {
                if !ConflictRule.keepsFirst(places[Int(number)].record, record) {
                    places[Int(number)] = place
                }
                renumbered.append(number)
            } else {
                let number = UInt32(places.count)
                numbers[record.id] = number
                places.append(place)
                renumbered.append(number)
            }
        }
        return set.renumberingChunks { renumbered[Int($0)] }
    }
}
