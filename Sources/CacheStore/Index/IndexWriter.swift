/// Makes the SQLite image of a member set.
///
/// The set's chunks must be in the order of their frames, and laid out (``MemberSet/laidOut(_:record:)``).
/// The image depends on the set alone.
struct IndexWriter: ~Copyable {
    private let database: SQLiteDatabase
    private let set: MemberSet

    /// The sets of sources that occur, in canonical order, by their number in the member set.
    private let setNumbers: [Int32: Int]

    /// Returns the image, a multiple of ``IndexSchema/pageSize`` bytes.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - digest: Their digest.
    /// - Returns: The image.
    /// - Throws: ``SQLiteError``, where memory is short.
    static func image(of set: MemberSet, digest: ObjectID) throws(SQLiteError) -> [UInt8] {
        let writer = try IndexWriter(set)
        try writer.write(digest: digest)
        var image = try writer.database.image()
        normalize(&image)
        return image
    }

    private init(_ set: MemberSet) throws(SQLiteError) {
        database = try SQLiteDatabase()
        self.set = set
        var used: Set<Int32> = []
        for action in set.actions { used.insert(action.sources) }
        for tree in set.trees { used.insert(tree.sources) }
        for download in set.downloads { used.insert(download.sources) }
        for file in set.checksumFiles { used.insert(file.sources) }
        let ordered = used.sorted { set.sourceSets[$0].lexicographicallyPrecedes(set.sourceSets[$1]) }
        setNumbers = Dictionary(uniqueKeysWithValues: ordered.enumerated().map { ($1, $0 + 1) })
    }

    /// Overwrites what would tell which SQLite wrote the image, and how often it changed it.
    private static func normalize(_ image: inout [UInt8]) {
        func put(_ value: UInt32, at offset: Int) {
            for index in 0..<4 {
                image[offset + index] = UInt8(truncatingIfNeeded: value >> UInt32(24 - 8 * index))
            }
        }
        put(1, at: 24)
        put(1, at: 92)
        put(3_040_001, at: 96)
    }

    private func write(digest: ObjectID) throws(SQLiteError) {
        try database.execute(
            """
            PRAGMA page_size = \(IndexSchema.pageSize);
            PRAGMA secure_delete = ON;
            PRAGMA application_id = \(IndexSchema.applicationID);
            PRAGMA user_version = \(Trailer.currentVersion);
            BEGIN
            """
        )
        for table in IndexSchema.tables { try database.execute(table) }
        let archive = try database.prepare("INSERT INTO archive VALUES (?, ?)")
        try archive.run(.text("digest"), .blob(digest.bytes))
        try archive.run(.text("format"), .integer(Trailer.currentVersion))
        try writeSources()
        try writeChunks()
        try writeStreams()
        try writeBuildCache()
        try writeModuleCache()
        try database.execute("COMMIT")
    }

    private func writeSources() throws(SQLiteError) {
        let source = try database.prepare("INSERT INTO source VALUES (?, ?, ?)")
        let environment = try database.prepare("INSERT INTO environment VALUES (?, ?, ?)")
        for (index, value) in set.sources.enumerated() {
            try source.run(.integer(index + 1), .text(value.label), .blob(value.digest.bytes))
        }
        for (index, value) in set.sources.enumerated() {
            for (name, setting) in value.environment.variables.sorted(by: { $0.key.precedes($1.key) }) {
                try environment.run(.integer(index + 1), .text(name), .text(setting))
            }
        }
        let member = try database.prepare("INSERT INTO source_set VALUES (?, ?)")
        for (number, id) in setNumbers.sorted(by: { $0.value < $1.value }) {
            for source in set.sourceSets[number] { try member.run(.integer(id), .integer(source + 1)) }
        }
    }

    private func writeChunks() throws(SQLiteError) {
        let insert = try database.prepare("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?)")
        for (index, chunk) in set.chunks.enumerated() {
            try insert.run(
                .integer(index + 1),
                .blob(chunk.id.bytes),
                .integer(chunk.offset),
                .integer(chunk.stored),
                .integer(chunk.size),
                .integer(Int(bitPattern: UInt(chunk.checksum)))
            )
        }
    }

    /// The streams of outputs, which have the outputs' own numbers, then of trees, then of stored zips.
    private func writeStreams() throws(SQLiteError) {
        let insert = try database.prepare("INSERT INTO stream VALUES (?, ?, ?)")
        var stream = 0
        func write(_ chunks: ChunkList) throws(SQLiteError) {
            stream += 1
            for (position, number) in chunks.numbers.enumerated() {
                try insert.run(.integer(stream), .integer(position), .integer(Int(number) + 1))
            }
        }
        for output in set.outputs { try write(output.chunks) }
        for tree in set.trees { try write(tree.chunks) }
        for download in set.downloads {
            if case .stored(_, _, let chunks) = download.content { try write(chunks) }
        }
    }

    private func writeBuildCache() throws(SQLiteError) {
        let output = try database.prepare("INSERT INTO output VALUES (?, ?, ?, ?, ?)")
        for (index, value) in set.outputs.enumerated() {
            try output.run(
                .integer(index + 1),
                .blob(value.id.bytes),
                .integer(value.size),
                value.executable.map { .text($0) } ?? .null,
                .text(value.contentClass.rawValue)
            )
        }
        let action = try database.prepare("INSERT INTO action VALUES (?, ?, ?)")
        for value in set.actions {
            guard let index = set.outputIndex(of: value.output) else { continue }
            try action.run(.blob(value.id.bytes), .integer(index + 1), sources(value.sources))
        }
    }

    private func writeModuleCache() throws(SQLiteError) {
        let tree = try database.prepare("INSERT INTO tree VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        var stream = set.outputs.count
        for (index, value) in set.trees.enumerated() {
            stream += 1
            try tree.run(
                .integer(index + 1),
                .text(value.module.text),
                .blob(value.h1.bytes),
                .integer(value.files),
                .integer(value.executables),
                .integer(value.size),
                .integer(Int(value.manifest) + 1),
                .integer(stream),
                sources(value.sources)
            )
        }
        let download = try database.prepare("INSERT INTO download VALUES (?, ?, ?, ?, ?, ?)")
        for value in set.downloads {
            var columns = (size: 0, value: SQLiteStatement.Value.null, stream: SQLiteStatement.Value.null)
            switch value.content {
            case .bytes(let bytes): columns = (bytes.count, .blob(bytes), .null)
            case .derived: break
            case .stored(let id, let size, _):
                stream += 1
                columns = (size, .blob(id.bytes), .integer(stream))
            }
            try download.run(
                .text(value.module.text),
                .text(value.kind.rawValue),
                .integer(columns.size),
                columns.value,
                columns.stream,
                sources(value.sources)
            )
        }
        let file = try database.prepare("INSERT INTO checksum_file VALUES (?, ?, ?)")
        for value in set.checksumFiles {
            try file.run(.text(value.path), .blob(value.bytes), sources(value.sources))
        }
    }

    private func sources(_ number: Int32) -> SQLiteStatement.Value { .integer(setNumbers[number] ?? 0) }
}
