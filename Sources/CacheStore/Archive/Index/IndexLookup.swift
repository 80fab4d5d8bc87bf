import SystemPackage

/// A lookup of single members in an index, which does not read the rest of the index.
///
/// The caller has hashed the index. Each row is checked on its own, and content is checked against the
/// SHA-256 that its row names.
/// ``Archive/contents()`` checks more.
struct IndexLookup: ~Copyable {
    private let database: SQLiteDatabase
    private let framesSize: Int
    private let path: FilePath

    // These two are compiled once: a cache program runs them for each get. Each is reset after use.
    private let entryOfAction: SQLiteStatement
    private let chunksOfStream: SQLiteStatement

    /// A stream and the places of its frames.
    struct Stream: Sendable {
        var size: Int
        var chunks: [ChunkRecord]
    }

    /// A download, as its row describes it.
    enum Found {
        /// Bytes that the index holds.
        case bytes([UInt8])
        /// A stream, whose content has this SHA-256.
        case stream(Stream, id: ObjectID)
        /// A zip that its module's tree makes.
        case derivedZip
    }

    /// Opens an index.
    ///
    /// - Parameters:
    ///   - window: The part of a file that is the index; its descriptor must stay open.
    ///   - version: The version of the format, as the trailer says.
    ///   - framesSize: The length of all frames, in bytes, as the trailer says.
    ///   - path: The archive, for messages.
    /// - Throws: ``SQLiteError``, or ``CacheStoreError`` if the database is not an archive's index.
    init(_ window: FileWindow, version: Int, framesSize: Int, path: FilePath) throws {
        let opened = try SQLiteDatabase(window)
        try IndexSchema.check(opened, version: version, path: path)
        let entryOfAction = try opened.prepare(
            """
            SELECT o.digest, o.size, o.executable, o.id FROM action a JOIN output o ON o.id = a.output
            WHERE a.id = ? ORDER BY a.output
            """
        )
        let chunksOfStream = try opened.prepare(
            """
            SELECT c.digest, c.offset, c.stored, c.size, c.checksum
            FROM stream s JOIN chunk c ON c.id = s.chunk WHERE s.id = ? ORDER BY s.position
            """
        )
        // The properties are set last, because nothing may throw once a noncopyable value has begun.
        database = opened
        self.entryOfAction = entryOfAction
        self.chunksOfStream = chunksOfStream
        self.framesSize = framesSize
        self.path = path
    }

    // MARK: - Members

    /// Returns the entry that a restore writes for an action ID, or `nil` if there is none.
    func action(_ id: ObjectID) throws -> ActionEntry? { try entry(ofAction: id)?.entry }

    /// An action entry, and the place of its output.
    struct Entry {
        var entry: ActionEntry
        /// Whether the output is a program, which Go keeps in a directory.
        var isProgram: Bool
        /// The number of the output's stream.
        fileprivate var stream: Int
    }

    /// Returns the entry that a restore writes for an action ID, or `nil` if there is none.
    func entry(ofAction id: ObjectID) throws -> Entry? {
        defer { entryOfAction.reset() }
        try entryOfAction.bind(1, id)
        guard try entryOfAction.step() else { return nil }
        guard let output = entryOfAction.id(0), let size = entryOfAction.integer(1), size >= 0,
            let number = entryOfAction.integer(3)
        else { throw fault("an action entry has no output") }
        return Entry(
            entry: ActionEntry(action: id, output: output, size: size),
            isProgram: !entryOfAction.isNull(2),
            stream: number
        )
    }

    /// Returns the stream of an entry's output.
    func stream(of entry: Entry) throws -> Stream { try stream(entry.stream, size: entry.entry.size) }

    /// Returns the values of GOARCH of all sources.
    func architectures() throws -> [String] {
        let statement = try database.prepare("SELECT DISTINCT value FROM environment WHERE name = 'GOARCH'")
        var names: [String] = []
        while try statement.step() { if let name = statement.text(0) { names.append(name) } }
        return names
    }

    /// Returns the stream of an output, or `nil` if there is no such output.
    func output(_ id: ObjectID) throws -> Stream? {
        let row = try row(in: "output", of: id) { statement in statement.id(0) }
        guard let row else { return nil }
        let statement = try database.prepare("SELECT size FROM output WHERE id = ?")
        try statement.bind(1, row)
        guard try statement.step(), let size = statement.integer(0) else {
            throw fault("an output has no size")
        }
        return try stream(row, size: size)
    }

    /// Returns a tree and its chunks, or `nil` if there is no such tree.
    ///
    /// The numbers in the tree are positions in the list of chunks.
    func tree(_ module: ModuleKey) throws -> (tree: MemberSet.Tree, chunks: [ChunkRecord])? {
        let row = try row(in: "tree", of: module) { statement in
            statement.text(0).flatMap { ModuleKey($0) }
        }
        guard let row else { return nil }
        let statement = try database.prepare(
            """
            SELECT t.h1, t.files, t.executables, t.size, t.stream, t.manifest, c.digest, c.offset, c.stored,
                c.size, c.checksum
            FROM tree t LEFT JOIN chunk c ON c.id = t.manifest WHERE t.id = ?
            """
        )
        try statement.bind(1, row)
        guard try statement.step(), let h1 = statement.id(0), let files = statement.integer(1),
            let executables = statement.integer(2), let size = statement.integer(3),
            let number = statement.integer(4), let manifest = statement.integer(5), manifest != .min
        else { throw fault("a tree is not whole", "tree \(module.text)") }
        let text =
            manifest < 0 ? try stream(-manifest, size: nil).chunks : [try chunk(statement, from: 6)]
        let chunks = text + (try stream(number, size: size)).chunks
        let tree = MemberSet.Tree(
            module: module,
            h1: h1,
            files: files,
            executables: executables,
            size: size,
            manifest: ChunkList(text.indices.map { ChunkNumber($0) }),
            chunks: ChunkList((text.count..<chunks.count).map { ChunkNumber($0) }),
            sources: SourceSetNumber(0)
        )
        return (tree, chunks)
    }

    /// Returns a module's download, or `nil` if there is none.
    func download(_ module: ModuleKey, _ kind: MemberSet.DownloadKind) throws -> Found? {
        let statement = try database.prepare(
            "SELECT size, value, stream FROM download WHERE module = ? AND kind = ?"
        )
        try statement.bind(1, module.text)
        try statement.bind(2, kind.rawValue)
        guard try statement.step() else { return nil }
        guard !statement.isNull(1) else { return .derivedZip }
        guard !statement.isNull(2) else { return .bytes(statement.blob(1) ?? []) }
        guard let size = statement.integer(0), let id = statement.id(1), let number = statement.integer(2)
        else {
            throw fault("a zip is not whole", "zip \(module.text)")
        }
        return .stream(try stream(number, size: size), id: id)
    }

    /// Returns a file of the checksum database, or `nil` if there is no such file.
    func checksumFile(_ path: String) throws -> [UInt8]? {
        let statement = try database.prepare("SELECT value FROM checksum_file WHERE path = ?")
        try statement.bind(1, path)
        return try statement.step() ? statement.blob(0) ?? [] : nil
    }

    // MARK: - Rows

    /// Finds the row of a key in a table by binary search.
    ///
    /// The rows of the table must be numbered from 1 in the order of their keys.
    private func row<Key: Comparable>(
        in table: String,
        of key: Key,
        _ read: (borrowing SQLiteStatement) -> Key?
    ) throws -> Int? {
        let count = try database.prepare("SELECT max(id) FROM \(table)")
        guard try count.step(), let last = count.integer(0), last > 0 else { return nil }
        let column = table == "tree" ? "module" : "digest"
        let row = try database.prepare("SELECT \(column) FROM \(table) WHERE id = ?")
        var (low, high) = (1, last)
        while low <= high {
            let middle = low + (high - low) / 2
            row.reset()
            try row.bind(1, middle)
            guard try row.step(), let found = read(row) else {
                throw fault("row \(middle) of \(table) has no key")
            }
            if found == key { return middle }
            if found < key { low = middle + 1 } else { high = middle - 1 }
        }
        return nil
    }

    /// Reads the stream with a number of the table, counted from 1.
    ///
    /// - Parameters:
    ///   - number: The number.
    ///   - size: The length that the stream must have, in bytes, or `nil` if the index does not state it.
    /// - Returns: The stream.
    /// - Throws: ``SQLiteError``, or ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    private func stream(_ number: Int, size: Int?) throws -> Stream {
        defer { chunksOfStream.reset() }
        try chunksOfStream.bind(1, number)
        var chunks: [ChunkRecord] = []
        var sum = 0
        while try chunksOfStream.step() {
            let record = try chunk(chunksOfStream, from: 0)
            chunks.append(record)
            sum += record.contentBytes
        }
        guard sum == size ?? sum else {
            throw fault("the chunks of stream \(number) do not have the length of their member")
        }
        return Stream(size: sum, chunks: chunks)
    }

    private func chunk(_ row: borrowing SQLiteStatement, from column: Int32) throws -> ChunkRecord {
        guard let id = row.id(column), let offset = row.integer(column + 1),
            let stored = row.integer(column + 2), let content = row.integer(column + 3),
            let checksum = row.integer(column + 4),
            ChunkRecord.isPossible(contentBytes: content, storedBytes: stored), offset >= 0,
            stored <= framesSize, offset <= framesSize - stored
        else { throw fault("a frame lies outside the frames") }
        return ChunkRecord(
            id: id,
            offset: offset,
            storedBytes: stored,
            contentBytes: content,
            checksum: UInt64(UInt(bitPattern: checksum))
        )
    }

    private func fault(_ message: String, _ member: String? = nil) -> CacheStoreError {
        IndexSchema.fault(message, path: path, member: member)
    }
}
