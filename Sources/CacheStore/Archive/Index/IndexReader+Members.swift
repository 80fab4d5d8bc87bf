extension IndexReader {
    /// Goes through the whole index once, and checks every row of it.
    ///
    /// - Parameters:
    ///   - output: Called with each output.
    ///   - action: Called with each action entry, after all outputs.
    ///   - unused: Called with each chunk of no member, after `number`.
    ///   - number: Called with each chunk of a tree, of a zip, or of no member; returns the number that the
    ///     chunk gets in the result.
    /// - Returns: All members except outputs and action entries.
    /// - Throws: The errors of the closures, unchanged, or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/corruptArchive`` or ``CacheStoreError/Code/unsafePath``.
    func scan(
        output: (OutputCursor) throws -> Void = { _ in },
        action: (ActionCursor.Row) throws -> Void = { _ in },
        unused: (ChunkUse) -> Void = { _ in },
        number: (ChunkUse) -> ChunkNumber
    ) throws -> MemberSet {
        try reading {
            var set = MemberSet()
            (set.sources, set.sourceSets) = (sources, sourceSets)
            let uses = try ChunkUses(self)
            let outputs = try OutputCursor(self, uses)
            while try outputs.next() { try output(outputs) }
            try readModules(into: &set, uses, number: number)
            try uses.finish { use in
                _ = number(use)
                unused(use)
            }
            contentBytes = uses.content
            let actions = try ActionCursor(self)
            while let row = try actions.next() { try action(row) }
            try readChecksumFiles(into: &set)
            return set
        }
    }

    /// Calls `body` with each chunk, in the order of the frames.
    ///
    /// - Throws: The error of `body`, unchanged, or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/corruptArchive``.
    func forEachChunk(_ body: (ChunkRecord) throws -> Void) throws {
        try reading {
            let uses = try ChunkUses(self)
            while let record = try uses.nextChunk() { try body(record) }
        }
    }

    /// Returns the offset, in bytes, at which the last frame ends, as the index states it without a check.
    ///
    /// - Returns: The offset; `nil` if it is no number.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func statedFramesSize() throws -> Int? {
        try reading {
            let last = try database.prepare("SELECT offset, stored FROM chunk ORDER BY id DESC LIMIT 1")
            guard try last.step() else { return 0 }
            guard let offset = last.integer(0), let stored = last.integer(1) else { return nil }
            let (end, isTooLarge) = offset.addingReportingOverflow(stored)
            return isTooLarge ? nil : end
        }
    }

    /// Returns the number of chunks.
    ///
    /// The caller must have checked the chunks before.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func chunkCount() throws -> Int {
        try reading {
            // Chunks are numbered from 1.
            let last = try database.prepare("SELECT id FROM chunk ORDER BY id DESC LIMIT 1")
            return try last.step() ? last.integer(0) ?? 0 : 0
        }
    }

    /// Calls `body` with the number of each output and the output's length, in bytes.
    ///
    /// The caller must have checked the outputs before.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    func forEachOutputSize(_ body: (OutputNumber, Int) -> Void) throws {
        try reading {
            let statement = try database.prepare("SELECT id, size FROM output ORDER BY id")
            while try statement.step() {
                guard let id = statement.integer(0), id >= 1, id <= outputCount,
                    let size = statement.integer(1)
                else { throw fault("its outputs are not in order") }
                body(OutputNumber(id - 1), size)
            }
        }
    }

    /// Goes through the index as ``scan(output:action:unused:number:)`` does, and keeps some of the chunks.
    ///
    /// The chunks that are kept are those of trees and zips, and those that no member uses.
    ///
    /// - Parameters:
    ///   - keepsParts: Whether the chunks of outputs that have several chunks are kept, too.
    ///   - output: Called with each output.
    ///   - action: Called with each action entry, after all outputs.
    ///   - unused: Called with each chunk of no member, in the order of their IDs.
    ///   - cursor: Called with the cursor at each output.
    /// - Returns: All members except outputs and action entries.
    /// - Throws: The errors of ``scan(output:action:unused:number:)``.
    func modules(
        keepingPartsOfOutputs keepsParts: Bool = false,
        output: (MemberSet.Output) throws -> Void = { _ in },
        action: (ActionCursor.Row) throws -> Void = { _ in },
        unused: (ChunkNumber) -> Void = { _ in },
        cursor: (OutputCursor) throws -> Void = { _ in }
    ) throws -> MemberSet {
        var chunks: [ChunkRecord] = []
        var numbers: [ChunkNumber: ChunkNumber] = [:]
        func number(_ use: ChunkUse) -> ChunkNumber {
            if let number = numbers[use.number] { return number }
            let number = ChunkNumber(chunks.count)
            numbers[use.number] = number
            chunks.append(use.record)
            return number
        }
        var set = try scan { outputs in
            if keepsParts, outputs.chunks.count > 1 { for use in outputs.chunks { _ = number(use) } }
            try cursor(outputs)
            if let found = outputs.output { try output(found) }
        } action: { row in
            try action(row)
        } unused: {
            unused(number($0))
        } number: {
            number($0)
        }
        set.chunks = chunks
        return set
    }

    /// Reads all members into memory.
    ///
    /// - Throws: The errors of ``scan(output:action:unused:number:)``.
    func members() throws -> MemberSet {
        var outputs: [MemberSet.Output] = []
        var actions: [MemberSet.Action] = []
        var chunks: [ChunkRecord] = []
        func number(_ use: ChunkUse) -> ChunkNumber {
            if use.isFirst { chunks.append(use.record) }
            return use.number
        }
        var set = try scan { cursor in
            guard let output = cursor.output else { return }
            for use in cursor.chunks { _ = number(use) }
            outputs.append(output)
        } action: { row in
            actions.append(
                MemberSet.Action(id: row.id, output: outputs[row.output].id, sources: row.sources)
            )
        } number: {
            number($0)
        }
        (set.outputs, set.actions, set.chunks) = (outputs, actions, chunks)
        return set
    }
}
