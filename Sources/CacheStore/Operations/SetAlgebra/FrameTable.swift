/// The chunks of several archives, each with the frame that is kept for it.
struct FrameTable: Sendable {
    /// The frame that is kept for each chunk, by the chunks' numbers in the table.
    private(set) var places: [FramePlace] = []

    private var numbers: [ObjectID: ChunkNumber] = [:]

    /// The frames that are known to be damaged, and are kept only if there is no other frame of the chunk.
    private let damaged: Set<FramePlace>

    /// Creates an empty table.
    init(avoiding damaged: Set<FramePlace> = []) { self.damaged = damaged }

    /// The chunks of the table.
    var records: [ChunkRecord] { places.map(\.record) }

    /// Returns the number of a chunk, or `nil` if the table does not have the chunk.
    func number(of id: ObjectID) -> ChunkNumber? { numbers[id] }

    /// Returns whether the first of two frames of one chunk is kept.
    func keepsFirst(_ first: FramePlace, _ second: FramePlace) -> Bool {
        if !damaged.isEmpty, damaged.contains(first) != damaged.contains(second) {
            return damaged.contains(second)
        }
        return MemberRelation(first.record, second.record).keepsFirst
    }

    /// Adds a chunk.
    ///
    /// If the table has the chunk already, the preferred one of the two frames is kept.
    ///
    /// - Returns: The number of the chunk.
    @discardableResult
    mutating func add(_ place: FramePlace) -> ChunkNumber {
        if let number = numbers[place.record.id] {
            if !keepsFirst(places[number], place) { places[number] = place }
            return number
        }
        let number = ChunkNumber(places.count)
        numbers[place.record.id] = number
        places.append(place)
        return number
    }

    /// Adds the chunks of an archive.
    ///
    /// - Parameters:
    ///   - set: The members of the archive.
    ///   - input: The position of the archive among the inputs.
    /// - Returns: The members, with the chunks numbered as in the table.
    mutating func add(_ set: MemberSet, from input: Int) -> MemberSet {
        var renumbered: [ChunkNumber] = []
        renumbered.reserveCapacity(set.chunks.count)
        for record in set.chunks { renumbered.append(add(FramePlace(input: input, record: record))) }
        return set.renumberingChunks { renumbered[$0] }
    }
}
