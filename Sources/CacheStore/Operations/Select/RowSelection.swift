/// A choice of some members of an index, whose outputs and action entries pass by row by row.
///
/// The members of GOMODCACHE are in memory, with some 20 bytes per output and 4 bits per action entry.
struct RowSelection: NarrowableMembers {
    let reader: IndexReader

    var modules: ModuleSelection
    var entries: EntrySelection

    /// The classes of the outputs and action entries.
    private(set) var classes: IndexClasses

    /// The outputs that have one chunk.
    let isSingle: BitArray

    /// For each output, the length of the frames that it is the first to use, in bytes.
    let storedBytes: [Int]

    /// The chunks that an output with several chunks is the first to use, each with the output.
    let firstParts: [(chunk: ObjectID, output: OutputNumber)]

    /// Reads an index, and begins with all of its members.
    ///
    /// - Parameter reader: The index.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` or
    ///   ``CacheStoreError/Code/unsafePath``.
    init(_ reader: IndexReader) throws {
        self.reader = reader
        var classes = IndexClasses(reader)
        var count = 0
        var isSingle = BitArray()
        var storedBytes: [Int] = []
        var firstParts: [(chunk: ObjectID, output: OutputNumber)] = []
        storedBytes.reserveCapacity(reader.outputCount)
        let set = try reader.modules(
            keepingPartsOfOutputs: true,
            action: { row in
                classes.add(row)
                count += 1
            },
            cursor: { cursor in
                guard let output = cursor.output else { return }
                classes.add(output)
                isSingle.append(cursor.chunks.count == 1)
                var stored = 0
                for use in cursor.chunks where use.isFirst {
                    stored += use.record.storedBytes
                    if cursor.chunks.count > 1 { firstParts.append((use.record.id, cursor.number)) }
                }
                storedBytes.append(stored)
            }
        )
        try classes.findRoles(reader)
        modules = ModuleSelection(set)
        entries = EntrySelection(count: count)
        (self.classes, self.isSingle) = (classes, isSingle)
        (self.storedBytes, self.firstParts) = (storedBytes, firstParts)
    }

    // MARK: - Filters

    func forEachEntry(_ body: (Int, ActionCursor.Row) throws -> Void) throws {
        let actions = try ActionCursor(reader)
        var position = 0
        while let row = try actions.next() {
            try body(position, row)
            position += 1
        }
    }

    func entryClasses() -> (Int, ActionCursor.Row) -> EntryClass {
        { [classes] _, row in classes.entryClass(of: row) }
    }

    func package(of entry: ActionCursor.Row, _ names: SelectionNames) throws -> CompiledPackage? {
        classes.isPackage(entry.output) ? names[try reader.output(entry.output).id] : nil
    }

    // MARK: - The result

    /// Finds the action entries that all filters keep and that no package takes along.
    ///
    /// - Returns: For each position, whether the entry stays.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func keptEntries() throws -> BitArray {
        try entries.closed { body in
            try forEachEntry { body($1.id, classes.isPackage($1.output)) }
        }
    }
}
