import SystemPackage

/// The union of the outputs of indexes, merged by ID: its rows, and the frames of all chunks in their order.
///
/// Both are spooled; what stays in memory are bits for each output, and the chunks of ``members``.
final class OutputUnion {
    /// An output as it is spooled.
    struct Row: BitwiseCopyable {
        var id: ObjectID
        var size: Int
        /// The number of bytes of the name of its one file, or -1.
        var nameCount: Int16
        var contentClass: UInt16
        var chunkCount: UInt32
    }

    /// The frames of all chunks.
    let frames: FrameSpool

    /// All else; its chunks are laid out once ``run()`` has ended.
    private(set) var members: MemberUnion

    /// The outputs on which inputs disagree.
    private(set) var conflicts: ConflictList

    /// For each input, which outputs of the union it has.
    private(set) var isPresent: [BitArray]

    private let inputs: [IndexReader]
    private let rows: Spool<Row>
    private let names: Spool<UInt8>
    private let numbers: Spool<UInt32>
    private var classes = ClassNumbers()

    /// The place among the frames of each chunk of ``members`` that has one already.
    private var assigned: [UInt32?] = []

    /// Begins a union.
    ///
    /// - Parameters:
    ///   - inputs: The indexes.
    ///   - members: All else that is in them.
    ///   - path: The archive that is made.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(_ inputs: [IndexReader], _ members: MemberUnion, beside path: FilePath) throws(CacheStoreError) {
        self.inputs = inputs
        self.members = members
        conflicts = members.conflicts
        isPresent = inputs.map { _ in BitArray() }
        frames = try FrameSpool(beside: path)
        rows = try Spool(beside: path)
        names = try Spool(beside: path)
        numbers = try Spool(beside: path)
    }

    /// Merges the outputs, and puts the frames of all chunks in order.
    ///
    /// - Parameter check: Is called now and then; what it throws ends the work.
    /// - Throws: What `check` throws, or ``CacheStoreError``.
    func run(check: () throws -> Void) throws {
        try findBetterFrames(check)
        assigned = members.places.map { _ in nil }
        let cursors = try inputs.map { (input) throws(CacheStoreError) in try OutputCursor(input) }
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
            try add(group.map { ($0, cursors[$0]) })
            for index in group { isAtEnd[index] = try !cursors[index].next() }
            if rows.count & 0xFFF == 0 { try check() }
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

    /// A chunk of ``members`` may be an output's only chunk in another input, in a better frame.
    private func findBetterFrames(_ check: () throws -> Void) throws {
        guard !members.places.isEmpty else { return }
        for (index, input) in inputs.enumerated() {
            try check()
            try input.forEachChunk { record in
                if members.number(ofChunk: record.id) != nil {
                    members.add(FramePlace(input: index, record: record))
                }
            }
        }
    }

    /// The place among the frames of a chunk of ``members``, which is its next one if it has none.
    private func assign(_ number: UInt32) throws -> UInt32 {
        // Some were added while outputs were merged.
        while assigned.count <= Int(number) { assigned.append(nil) }
        if let place = assigned[Int(number)] { return place }
        let place = UInt32(frames.count)
        try frames.append(members.places[Int(number)])
        assigned[Int(number)] = place
        return place
    }

    /// Lays out the chunks that trees and zips use, and then those that nothing uses: a chunk of a value that lost
    /// may come back with another archive, in another frame.
    private func layOutModules() throws {
        for tree in members.set.trees {
            _ = try assign(tree.manifest)
            for number in tree.chunks.numbers { _ = try assign(number) }
        }
        for case .stored(_, _, let chunks) in members.set.downloads.lazy.map(\.content) {
            for number in chunks.numbers { _ = try assign(number) }
        }
        let places = members.places
        let unused = places.indices.filter { $0 >= assigned.count || assigned[$0] == nil }
        for number in unused.sorted(by: { places[$0].record.id < places[$1].record.id }) {
            _ = try assign(UInt32(number))
        }
        let final = assigned
        members.renumberChunks { final[Int($0)] ?? 0 }
    }

    // MARK: - Outputs

    /// Adds the output that some inputs have.
    private func add(_ group: [(input: Int, cursor: OutputCursor)]) throws {
        guard var kept = group[0].cursor.output else { return }
        var chunks = group[0].cursor.chunks
        var keptInput = group[0].input
        // Of the frames that hold the whole output, the best.
        var best: FramePlace?
        for (input, cursor) in group {
            guard let other = cursor.output else { continue }
            if cursor.chunks.count == 1 {
                let place = FramePlace(input: input, record: cursor.chunks[0].record)
                if best.map({ !ConflictRule.keepsFirst($0.record, place.record) }) ?? true { best = place }
            }
            guard input != group[0].input else { continue }
            if kept.executable != other.executable {
                conflicts.note(.output, kept.id.description, [Self.text(kept), Self.text(other)])
            }
            let contentClass = ConflictRule.keptClass(kept.contentClass, other.contentClass)
            if !ConflictRule.keepsFirst(kept, other) {
                (kept, chunks, keptInput) = (other, cursor.chunks, input)
            }
            kept.contentClass = contentClass
        }
        if group.contains(where: { $0.cursor.output?.executable != kept.executable }) {
            conflicts.note(.output, kept.id.description, [], kept: Self.text(kept))
        }
        if let best, chunks.count != 1 || members.number(ofChunk: best.record.id) != nil { members.add(best) }
        for use in chunks {
            if let number = members.number(ofChunk: use.record.id) {
                try numbers.append(assign(number))
            } else {
                try numbers.append(UInt32(frames.count))
                try frames.append(best ?? FramePlace(input: keptInput, record: use.record))
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

    private static func text(_ output: MemberSet.Output) -> String {
        output.executable.map { "a directory with `\($0)`" } ?? "a file"
    }

    // MARK: - Reading

    /// The ID of the output with a number, from 0.
    func id(ofOutput number: Int) throws -> ObjectID {
        guard let row = try rows.record(at: number) else {
            throw CacheStoreError(.io, "a scratch file ended early")
        }
        return row.id
    }

    /// Shows the chunks of each output to `body`.
    func forEachStream(_ body: (ChunkList) throws -> Void) throws {
        var (outputs, numbers) = (rows.cursor(), self.numbers.cursor())
        var list: [UInt32] = []
        while let row = try outputs.next() {
            list.removeAll(keepingCapacity: true)
            for _ in 0..<row.chunkCount { if let number = try numbers.next() { list.append(number) } }
            try body(ChunkList(list))
        }
    }

    /// Shows each output, but for its chunks, to `body`.
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
