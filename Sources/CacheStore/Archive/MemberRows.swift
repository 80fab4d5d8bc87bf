/// The rows of an index as members, one at a time in canonical order.
///
/// The members of GOMODCACHE are held in memory, with some 20 bytes per output and at most 16 MiB of IDs.
struct MemberRows {
    /// The members of GOMODCACHE; its sets of sources include those of outputs once all entries were read.
    private(set) var set: MemberSet

    /// The digest of the archive.
    var digest: ObjectID { reader.digest }

    private let reader: IndexReader
    private let ids: OutputIDs
    private var classes: IndexClasses
    private let kinds: Set<Member.Kind>

    private var actions: ActionCursor?
    private var outputs: OutputRowCursor?
    private var outputNumber = 0

    /// The stored bytes of each output.
    private var storedBytes: [Int] = []
    private var modules: MemberListing.Iterator

    /// The labels of each set of sources that a member had so far.
    private var labels: [[String]?] = []

    /// Checks an index, and begins with the first member.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - kinds: The kinds of members; empty for all kinds. Members of other kinds may come, too.
    /// - Throws: The errors of ``CheckedIndex``.
    init(of archive: Archive, kinds: Set<Member.Kind>) throws {
        let isListingEntries = kinds.isEmpty || !kinds.isDisjoint(with: [.action, .output])
        let index: CheckedIndex
        if isListingEntries {
            let reader = try archive.index()
            var classes = IndexClasses(reader)
            var storedBytes: [Int] = []
            index = try CheckedIndex(of: archive, reader) { cursor in
                if let output = cursor.output { classes.add(output) }
                storedBytes.append(cursor.chunks.reduce(0) { $0 + $1.record.storedBytes })
            } action: { row in
                classes.add(row)
            }
            self.storedBytes = storedBytes
            try classes.findRoles(reader)
            self.classes = classes
            actions = try ActionCursor(reader)
        } else {
            index = try CheckedIndex(of: archive, try archive.index())
            classes = IndexClasses(index.reader)
        }
        (set, reader, ids) = (index.set, index.reader, index.outputIDs)
        self.kinds = kinds
        modules = MemberListing(index.set).makeIterator()
    }

    /// Returns the next member, or `nil` after the last.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or for a system
    ///   error.
    mutating func next() throws -> Member? {
        if let cursor = actions {
            let isListed = isWanted(.action)
            while let row = try cursor.next() {
                let entryClass = classes.note(row, &set.sourceSets)
                if isListed { return try member(row, entryClass) }
            }
            actions = nil
            if isWanted(.output) { outputs = try OutputRowCursor(reader) }
        }
        if let cursor = outputs {
            if let row = try cursor.next() { return member(row) }
            outputs = nil
        }
        return modules.next()?.member
    }

    private func isWanted(_ kind: Member.Kind) -> Bool { kinds.isEmpty || kinds.contains(kind) }

    private mutating func member(_ row: ActionCursor.Row, _ entryClass: EntryClass) throws -> Member {
        Member(
            kind: .action,
            name: row.id.description,
            contentBytes: ActionEntry.byteCount,
            storedBytes: ActionEntry.storedBytes,
            files: 1,
            detail: try ids.id(of: row.output).description,
            entryClass: entryClass,
            sources: labels(of: row.sources)
        )
    }

    private mutating func member(_ row: OutputRowCursor.Row) -> Member {
        let number = OutputNumber(outputNumber)
        outputNumber += 1
        return Member(
            kind: .output,
            name: row.id.description,
            contentBytes: row.size,
            storedBytes: storedBytes[number],
            files: 1,
            detail: row.executable ?? "",
            entryClass: classes.entryClass(of: number),
            sources: labels(of: classes.sources(of: number))
        )
    }

    private mutating func labels(of sources: SourceSetNumber) -> [String] {
        while labels.count < set.sourceSets.sets.count { labels.append(nil) }
        if let known = labels[sources] { return known }
        let found = set.sourceSets[sources].map { set.sources[$0].label }
        labels[sources] = found
        return found
    }
}
