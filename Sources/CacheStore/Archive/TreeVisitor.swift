/// A receiver of the files of a module tree, in order and each in pieces.
protocol TreeVisitor: ~Copyable {
    /// Takes the content of a chunk of the tree's stream, before the files in it.
    mutating func take(_ chunk: Span<UInt8>, isLast: Bool) throws

    /// Begins a file.
    mutating func begin(_ entry: TreeManifest.Entry) throws

    /// Takes the next bytes of the file, at an offset in the file.
    mutating func write(_ bytes: Span<UInt8>, at offset: Int) throws

    /// Ends the file.
    mutating func end(_ entry: TreeManifest.Entry) throws
}

extension TreeVisitor where Self: ~Copyable {
    mutating func take(_ chunk: Span<UInt8>, isLast: Bool) {}
}

extension ChunkReader {
    /// Reads a module tree and shows its files to a visitor.
    ///
    /// - Parameters:
    ///   - tree: The tree.
    ///   - manifest: The tree's manifest.
    ///   - part: The positions, among the tree's chunks, of the chunks to read; `nil` for all. A file that
    ///     began in an earlier chunk does not begin again.
    ///   - chunks: The chunks of the archive.
    ///   - isCovered: Whether the caller compares the hash of all files with the tree's before anything
    ///     relies on them; see ``read(_:isCovered:)``.
    ///   - visitor: The visitor, which sees every file once, and every chunk's bytes only after they were
    ///     checked, unless the tree's hash covers them.
    ///   - check: Called before each chunk; an error that it throws ends the walk.
    /// - Throws: The error of the visitor or of `check`, or ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/corruptArchive``.
    mutating func walk<Visitor: TreeVisitor & ~Copyable>(
        _ tree: MemberSet.Tree,
        _ manifest: TreeManifest,
        part: Range<Int>? = nil,
        chunks: [ChunkRecord],
        isCovered: Bool = false,
        visitor: inout Visitor,
        check: () throws -> Void
    ) throws {
        let numbers = tree.chunks.numbers
        let part = part ?? numbers.indices
        let start = numbers[..<part.lowerBound].reduce(0) { $0 + chunks[$1].contentBytes }
        var (next, done) = manifest.position(at: start)
        // The lengths in the manifest and those of the chunks have the same sum: `manifest(of:chunks:)` and
        // the index's reader checked that.
        for index in part {
            try check()
            try read(chunks[numbers[index]], isCovered: isCovered)
            try visitor.take(content.span, isLast: index == numbers.count - 1)
            var position = 0
            while position < content.count, next < manifest.entries.count {
                let entry = manifest.entries[next]
                if done == 0 { try visitor.begin(entry) }
                let count = min(entry.size - done, content.count - position)
                if count > 0 {
                    try visitor.write(content.span.extracting(position..<position + count), at: done)
                }
                position += count
                done += count
                if done == entry.size {
                    try visitor.end(entry)
                    next += 1
                    done = 0
                }
            }
        }
        guard part.upperBound == numbers.count else { return }
        while next < manifest.entries.count {
            try visitor.begin(manifest.entries[next])
            try visitor.end(manifest.entries[next])
            next += 1
        }
    }
}
