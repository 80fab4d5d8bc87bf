import SystemPackage

/// The outputs of several indexes, merged by ID.
///
/// The result consists of rows, and of the frames of all chunks in order. Both are spooled; some bits per
/// output and the chunks of ``members`` stay in memory.
final class OutputMerge {
    /// The choice among the forms that inputs have of one output; see ``MemberRelation``.
    enum Choice {
        /// The preferred form, which a union keeps.
        case preferred
        /// The form that is not preferred, which an intersection keeps.
        case notPreferred
    }

    /// An output, as it is spooled.
    struct Row: BitwiseCopyable {
        var id: ObjectID
        var size: Int
        /// The length of the name of the output's one file, in bytes, or −1 for an output that is itself a
        /// file.
        var nameCount: Int16
        var contentClass: UInt16
        var chunkCount: UInt32
    }

    /// The frames of all chunks.
    let frames: FrameSpool

    /// All other members; their chunks are laid out once ``run(check:)`` has ended.
    private(set) var members: MergedMembers

    /// The outputs on which inputs disagree.
    private(set) var disagreements: DisagreementList

    /// For each input, the outputs of the merge that it has.
    private(set) var isPresent: [BitArray]

    private let inputs: [IndexReader]
    private let choice: Choice
    private let source: (FramePlace) throws -> FramePlace
    private let rows: Spool<Row>
    private let names: Spool<UInt8>
    private let numbers: Spool<ChunkNumber>
    private var classes = ClassNumbers()

    /// For each output of the inputs, whether it is kept; `nil` if all are.
    private let isKept: BitArray?

    /// Whether outputs may be left out.
    var isOmitting: Bool { isKept != nil }

    /// The numbers of the outputs that are left out, ascending.
    private var omittedNumbers: [Int] = []

    /// The chunks of ``members`` that outputs that are left out use.
    private var omittedChunks: Set<Int> = []

    /// The number of outputs of all inputs, with those that are left out.
    private(set) var count = 0

    /// For each chunk of ``members``, its place among the frames, or `nil` if the chunk has no place yet.
    private var assigned: [ChunkNumber?] = []

    /// Begins a merge.
    ///
    /// - Parameters:
    ///   - inputs: The indexes.
    ///   - members: All other members of the inputs.
    ///   - isKept: For each output of the inputs, in the order of their IDs, whether it is kept; `nil` if all
    ///     are.
    ///   - choice: The form that is kept of an output of which inputs have different forms.
    ///   - path: The archive that is being made.
    ///   - source: Returns the frame that is copied for a frame of the inputs, in the order in which frames
    ///     are laid out; both hold the same chunk.
    /// - Throws: ``CacheStoreError`` for a system error.
    init(
        _ inputs: [IndexReader],
        _ members: MergedMembers,
        keeping isKept: BitArray? = nil,
        choosing choice: Choice = .preferred,
        beside path: FilePath,
        copying source: @escaping (FramePlace) throws -> FramePlace = { $0 }
    ) throws(CacheStoreError) {
        self.inputs = inputs
        (self.choice, self.source) = (choice, source)
        self.isKept = isKept
        self.members = members
        disagreements = members.disagreements
        isPresent = inputs.map { _ in BitArray() }
        frames = try FrameSpool(beside: path)
        rows = try Spool(beside: path)
        names = try Spool(beside: path)
        numbers = try Spool(beside: path)
    }

    /// Merges the outputs, and puts the frames of all chunks in order.
    ///
    /// - Parameter check: Called from time to time; an error that it throws ends the work.
    /// - Throws: The error of `check`, or ``CacheStoreError``.
    func run(check: () throws -> Void) throws {
        try findBetterFrames(check)
        assigned = members.frames.places.map { _ in nil }
        let cursors = try inputs.map { try OutputCursor($0) }
        var isAtEnd: [Bool] = []
        for cursor in cursors { isAtEnd.append(try !cursor.next()) }
        var group: [Int] = []
        while let id = Self.lowest(cursors, isAtEnd) {
            group.removeAll(keepingCapacity: true)
            for index in cursors.indices {
                let isHere = !isAtEnd[index] && cursors[index].output?.id == id
                isPresent[index].append(isHere)
                if isHere { group.append(index) }
            }
            if let isKept, !isKept[count] {
                omit(group.map { cursors[$0] })
            } else {
                try add(group.map { ($0, cursors[$0]) })
            }
            count += 1
            for index in group { isAtEnd[index] = try !cursors[index].next() }
            if count & 0xFFF == 0 { try check() }
        }
        try layOutModules()
        try rows.flush()
        try names.flush()
        try numbers.flush()
        try frames.flush()
    }

    private static func lowest(_ cursors: [OutputCursor], _ isAtEnd: [Bool]) -> ObjectID? {
        var lowest: ObjectID?
        for index in cursors.indices where !isAtEnd[index] {
            guard let id = cursors[index].output?.id else { continue }
            if lowest.map({ id < $0 }) ?? true { lowest = id }
        }
        return lowest
    }

    // MARK: - Frames

    /// Looks for better frames of the chunks of ``members``.
    ///
    /// Such a chunk may be the only chunk of an output in another input.
    private func findBetterFrames(_ check: () throws -> Void) throws {
        // A single input has one frame per chunk, so there is none to choose.
        guard inputs.count > 1, !members.frames.places.isEmpty else { return }
        for (index, input) in inputs.enumerated() {
            try check()
            try input.forEachChunk { record in
                if members.frames.number(of: record.id) != nil {
                    members.frames.add(FramePlace(input: index, record: record))
                }
            }
        }
    }

    /// Returns the place that a chunk of ``members`` has among the frames.
    ///
    /// A chunk that has no place yet gets the next place.
    private func assign(_ number: ChunkNumber) throws -> ChunkNumber {
        // Some chunks were added while outputs were merged.
        while assigned.count <= number.index { assigned.append(nil) }
        if let place = assigned[number] { return place }
        let place = ChunkNumber(frames.count)
        try append(members.frames.places[number])
        assigned[number] = place
        return place
    }

    private func append(_ place: FramePlace) throws { try frames.append(source(place)) }

    /// Returns whether the new archive has a chunk of ``members``, given the number that the chunk had
    /// before; ``run(check:)`` must have ended.
    func hasChunk(_ number: ChunkNumber) -> Bool {
        number.index < assigned.count && assigned[number] != nil
    }

    /// Lays out the chunks that trees and zips use, and then the chunks that no member uses.
    ///
    /// A union keeps all of the latter, because a chunk of a value that was not kept may come back with
    /// another archive, in another frame. The chunks of outputs that are left out are not kept.
    private func layOutModules() throws {
        for tree in members.set.trees {
            for number in tree.manifest.numbers { _ = try assign(number) }
            for number in tree.chunks.numbers { _ = try assign(number) }
        }
        for case .stored(_, _, let chunks) in members.set.downloads.lazy.map(\.content) {
            for number in chunks.numbers { _ = try assign(number) }
        }
        let places = members.frames.places
        let candidates = members.unusedChunks?.map(\.index) ?? Array(places.indices)
        let unused = candidates.filter {
            ($0 >= assigned.count || assigned[$0] == nil)
                && (members.unusedChunks != nil || !omittedChunks.contains($0))
        }
        for number in unused.sorted(by: { places[$0].record.id < places[$1].record.id }) {
            _ = try assign(ChunkNumber(number))
        }
        let final = assigned
        members.set = members.set.renumberingChunks { final[$0] ?? ChunkNumber(0) }
    }

    // MARK: - Outputs

    /// Leaves out an output that some inputs have.
    private func omit(_ group: [OutputCursor]) {
        omittedNumbers.append(count)
        for use in group.flatMap(\.chunks) {
            if let number = members.frames.number(of: use.record.id) { omittedChunks.insert(number.index) }
        }
    }

    /// Returns the number that an output has once those that are left out are gone.
    ///
    /// - Parameter number: The number of the output among the outputs of all inputs.
    /// - Returns: The number of the output among those that are written.
    /// - Complexity: O(log *n*) in the number of outputs that are left out.
    func written(_ number: OutputNumber) -> OutputNumber {
        var (low, high) = (0, omittedNumbers.count)
        while low < high {
            let middle = (low + high) / 2
            if omittedNumbers[middle] < number.index { low = middle + 1 } else { high = middle }
        }
        return OutputNumber(number.index - low)
    }

    /// Adds an output that some inputs have.
    private func add(_ group: [(input: Int, cursor: OutputCursor)]) throws {
        guard var kept = group[0].cursor.output else { return }
        var chunks = group[0].cursor.chunks
        var keptInput = group[0].input
        // The best of the frames that hold the whole output.
        var best: FramePlace?
        for (input, cursor) in group {
            guard let other = cursor.output else { continue }
            if cursor.chunks.count == 1 {
                let place = FramePlace(input: input, record: cursor.chunks[0].record)
                if best.map({ !members.frames.keepsFirst($0, place) }) ?? true { best = place }
            }
            guard input != group[0].input else { continue }
            let relation = MemberRelation(kept, other)
            let contentClass = MemberRelation.preferred(kept.contentClass, other.contentClass)
            let forms = [kept.form, other.form]
            let keepsFirst = choice == .preferred ? relation.keepsFirst : relation.coversFirst
            if !keepsFirst { (kept, chunks, keptInput) = (other, cursor.chunks, input) }
            if relation != .same {
                disagreements.note(.output, kept.id.description, forms, kept: kept.form)
            }
            kept.contentClass = contentClass
        }
        if let best, chunks.count != 1 || members.frames.number(of: best.record.id) != nil {
            members.frames.add(best)
        }
        for use in chunks {
            if let number = members.frames.number(of: use.record.id) {
                try numbers.append(assign(number))
            } else {
                try numbers.append(ChunkNumber(frames.count))
                try append(best ?? FramePlace(input: keptInput, record: use.record))
            }
        }
        let name = kept.executable.map { Array($0.utf8) }
        for byte in name ?? [] { try names.append(byte) }
        try rows.append(
            Row(
                id: kept.id,
                size: kept.size,
                nameCount: name.map { Int16($0.count) } ?? -1,
                contentClass: classes.number(of: kept.contentClass),
                chunkCount: UInt32(chunks.count)
            )
        )
    }

    // MARK: - Reading

    /// Returns the ID of an output that is written.
    func id(of number: OutputNumber) throws -> ObjectID { try row(number).id }

    /// Returns the ID, the length and the class of an output that is written.
    func output(_ number: OutputNumber) throws -> (id: ObjectID, size: Int, contentClass: EntryClass) {
        let row = try row(number)
        return (row.id, row.size, classes[row.contentClass])
    }

    private func row(_ number: OutputNumber) throws -> Row {
        guard let row = try rows.record(at: number.index) else {
            throw CacheStoreError(.io, "a scratch file ended early")
        }
        return row
    }

    /// Calls `body` with the chunks of each output.
    func forEachStream(_ body: (ChunkList) throws -> Void) throws {
        var (outputs, numbers) = (rows.cursor(), self.numbers.cursor())
        var list: [ChunkNumber] = []
        while let row = try outputs.next() {
            list.removeAll(keepingCapacity: true)
            for _ in 0..<row.chunkCount { if let number = try numbers.next() { list.append(number) } }
            try body(ChunkList(list))
        }
    }

    /// Calls `body` with each output, without its chunks.
    func forEachOutput(_ body: (MemberSet.Output) throws -> Void) throws {
        var (outputs, names) = (rows.cursor(), self.names.cursor())
        while let row = try outputs.next() {
            var name: [UInt8] = []
            for _ in 0..<max(0, row.nameCount) { if let byte = try names.next() { name.append(byte) } }
            try body(
                MemberSet.Output(
                    id: row.id,
                    size: row.size,
                    executable: row.nameCount < 0 ? nil : String(decoding: name, as: UTF8.self),
                    contentClass: classes[row.contentClass],
                    chunks: .none
                )
            )
        }
    }
}
