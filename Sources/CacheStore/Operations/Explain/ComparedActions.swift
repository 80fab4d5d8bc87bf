/// The actions of two archives, compared by their outputs.
///
/// The entries come row by row from the indexes, and only those that differ are kept.
struct ComparedActions {
    /// The actions for which the archives have other outputs, in order.
    private(set) var differing: [DisputedAction] = []

    /// The number of action IDs that both archives have.
    private(set) var common = 0

    /// For each archive, the number of action IDs that it alone has.
    private(set) var alone = [0, 0]

    /// An index, and the classes of its outputs.
    private struct Input {
        var reader: IndexReader
        var classes: [EntryClass]
    }

    /// Compares two archives, whose indexes are checked.
    ///
    /// - Parameters:
    ///   - archives: The two archives.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Throws: The errors of ``CheckedIndex``, or the error of `check`.
    /// - Complexity: O(*n*) in the members of both archives.
    init(of archives: [Archive], check: () throws -> Void) throws {
        let inputs = try archives.map { archive in
            try check()
            var classes: [EntryClass] = []
            let index = try CheckedIndex(of: archive, try archive.index()) { cursor in
                if let output = cursor.output { classes.append(output.contentClass) }
            }
            return Input(reader: index.reader, classes: classes)
        }
        let readers = inputs.map(\.reader)
        let selectors = try OutputPresence(readers, check: check).isPresent.map { $0.selector() }
        let cursors = try readers.map { try ActionCursor($0) }
        var next = try cursors.map { try $0.next() }
        var entries: [[ActionCursor.Row]] = [[], []]
        var count = 0
        while let id = next.lazy.compactMap({ $0?.id }).min() {
            for index in 0..<2 {
                entries[index].removeAll(keepingCapacity: true)
                while let row = next[index], row.id == id {
                    entries[index].append(row)
                    next[index] = try cursors[index].next()
                }
            }
            count += 1
            if count & 0xFFF == 0 { try check() }
            guard !entries[0].isEmpty, !entries[1].isEmpty else {
                alone[entries[0].isEmpty ? 1 : 0] += 1
                continue
            }
            common += 1
            let outputs = (0..<2).map { index in entries[index].map { selectors[index][$0.output.index] } }
            if outputs[0] != outputs[1] { differing.append(try Self.disputed(id, entries, inputs)) }
        }
    }

    private static func disputed(
        _ id: ObjectID,
        _ entries: [[ActionCursor.Row]],
        _ inputs: [Input]
    ) throws -> DisputedAction {
        var sides: [ObjectID: DisputedAction.Side] = [:]
        for (number, input) in inputs.enumerated() {
            for entry in entries[number] {
                let output = try input.reader.output(entry.output)
                var side =
                    sides[output.id]
                    ?? DisputedAction.Side(
                        output: output.id,
                        size: output.size,
                        contentClass: input.classes[entry.output],
                        labels: [],
                        inputs: []
                    )
                let sources = input.reader.sources
                let labels = input.reader.sourceSets[entry.sources].map { sources[$0].label }
                side.labels = Set(side.labels + labels).sorted { $0.precedes($1) }
                side.inputs.append(number)
                sides[output.id] = side
            }
        }
        return DisputedAction(id: id, sides: sides.values.sorted { $0.output < $1.output })
    }
}
