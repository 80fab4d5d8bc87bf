import CSQLite
import SystemPackage

/// A writer of an index: it writes row by row, in the order of the tables.
///
/// The bytes of the index depend on the rows alone. The index is written to a file, so that memory does not
/// grow with the index.
final class IndexWriter {
    private let database: SQLiteDatabase
    private let scratch: ScratchFile
    private let chunk: SQLiteStatement
    private let stream: SQLiteStatement
    private let output: SQLiteStatement
    private let action: SQLiteStatement

    /// The rows of the sets of sources that occur, counted from 1 in canonical order.
    private let setRows: [SourceSetNumber: Int]

    private var chunkCount = 0
    private var framesSize = 0
    private var streamCount = 0
    private var outputCount = 0

    /// The length of each chunk's content, in bytes: at most 2²³.
    private var chunkSizes: [UInt32] = []

    /// The content so far, in bytes: of all chunks, of all streams, and of manifests of one chunk.
    private var content = 0

    /// The most content that the stored zips so far can have, in bytes.
    private var mostZipped = 0

    /// Writes an index.
    ///
    /// - Parameters:
    ///   - path: The archive that the index is for.
    ///   - digest: The digest of the members, or ``IndexFile/unknownDigest`` if it is not known yet.
    ///   - set: The set that has the sources.
    ///   - usedSets: The sets of sources that members have.
    ///   - body: Called to write the other tables, each in turn: chunks, streams, outputs, action entries,
    ///     and the tables of ``writeModules(of:)``.
    /// - Returns: The index.
    /// - Throws: The error of `body`, or ``CacheStoreError`` for a system error.
    static func write(
        beside path: FilePath,
        digest: ObjectID,
        set: MemberSet,
        usedSets: Set<SourceSetNumber>,
        _ body: (IndexWriter) throws -> Void
    ) throws -> IndexFile {
        let scratch = try ScratchFile(beside: path)
        let (framesSize, content, mostZipped): (Int, Int, Int)
        do {
            let writer = try IndexWriter(scratch, set, usedSets)
            try writer.writeSources(of: set, digest: digest)
            try body(writer)
            try writer.database.execute("COMMIT")
            (framesSize, content, mostZipped) = (writer.framesSize, writer.content, writer.mostZipped)
        } catch let error as SQLiteError {
            if let cause = error.machineFault {
                throw CacheStoreError.system(cause, "make the index of", path)
            }
            throw CacheStoreError(.io, "cannot make the index (\(error))", path: path)
        }
        return try IndexFile(
            scratch,
            version: set.formatVersion,
            framesSize: framesSize,
            contentBytes: content,
            mostZippedBytes: mostZipped,
            path: path
        )
    }

    private init(_ scratch: ScratchFile, _ set: MemberSet, _ usedSets: Set<SourceSetNumber>)
        throws(SQLiteError)
    {
        self.scratch = scratch
        database = try SQLiteDatabase(FileWindow(descriptor: scratch.file.descriptor))
        try database.execute(IndexSchema.settings(version: set.formatVersion) + " BEGIN")
        for table in IndexSchema.tables { try database.execute(table) }
        chunk = try database.prepare("INSERT INTO chunk VALUES (?, ?, ?, ?, ?, ?)")
        stream = try database.prepare("INSERT INTO stream VALUES (?, ?, ?)")
        output = try database.prepare("INSERT INTO output VALUES (?, ?, ?, ?, ?)")
        action = try database.prepare("INSERT INTO action VALUES (?, ?, ?)")
        let ordered = usedSets.sorted { set.sourceSets[$0].lexicographicallyPrecedes(set.sourceSets[$1]) }
        setRows = Dictionary(uniqueKeysWithValues: ordered.enumerated().map { ($1, $0 + 1) })
    }

    private func writeSources(of set: MemberSet, digest: ObjectID) throws(SQLiteError) {
        let archive = try database.prepare("INSERT INTO archive VALUES (?, ?)")
        try archive.bind(1, "digest")
        try archive.bind(2, digest)
        try archive.run()
        try archive.bind(1, "format")
        try archive.bind(2, set.formatVersion)
        try archive.run()
        let source = try database.prepare("INSERT INTO source VALUES (?, ?, ?)")
        let environment = try database.prepare("INSERT INTO environment VALUES (?, ?, ?)")
        for (index, value) in set.sources.enumerated() {
            try source.bind(1, index + 1)
            try source.bind(2, value.label)
            try source.bind(3, value.digest)
            try source.run()
        }
        for (index, value) in set.sources.enumerated() {
            for (name, setting) in value.environment.variables.sorted(by: { $0.key.precedes($1.key) }) {
                try environment.bind(1, index + 1)
                try environment.bind(2, name)
                try environment.bind(3, setting)
                try environment.run()
            }
        }
        let member = try database.prepare("INSERT INTO source_set VALUES (?, ?)")
        for (number, id) in setRows.sorted(by: { $0.value < $1.value }) {
            for source in set.sourceSets[number] {
                try member.bind(1, id)
                try member.bind(2, source + 1)
                try member.run()
            }
        }
    }

    // MARK: - Rows

    /// Writes the next chunk, whose frame follows the frames before it.
    func write(chunk record: ChunkRecord) throws(SQLiteError) {
        chunkCount += 1
        try chunk.bind(1, chunkCount)
        try chunk.bind(2, record.id)
        try chunk.bind(3, framesSize)
        try chunk.bind(4, record.storedBytes)
        try chunk.bind(5, record.contentBytes)
        try chunk.bind(6, Int(bitPattern: UInt(record.checksum)))
        try chunk.run()
        framesSize += record.storedBytes
        chunkSizes.append(UInt32(clamping: record.contentBytes))
        content += record.contentBytes
    }

    private func addUse(of chunk: ChunkNumber) {
        if chunk.index < chunkSizes.count { content += Int(chunkSizes[chunk.index]) }
    }

    /// Writes the next stream.
    ///
    /// The streams of outputs come first, then those of trees, then those of stored zips.
    ///
    /// - Parameter chunks: The chunks of the stream.
    /// - Throws: ``SQLiteError``.
    func write(stream chunks: ChunkList) throws(SQLiteError) {
        streamCount += 1
        var position = 0
        try chunks.forEach { (number) throws(SQLiteError) in
            try stream.bind(1, streamCount)
            try stream.bind(2, position)
            try stream.bind(3, number.index + 1)
            try stream.run()
            addUse(of: number)
            position += 1
        }
    }

    /// Writes the next output.
    func write(output value: MemberSet.Output) throws(SQLiteError) {
        outputCount += 1
        try output.bind(1, outputCount)
        try output.bind(2, value.id)
        try output.bind(3, value.size)
        if let name = value.executable { try output.bind(4, name) } else { try output.bindNull(4) }
        try output.bind(5, value.contentClass.rawValue)
        try output.run()
    }

    /// Writes the next action entry.
    func write(action row: ActionCursor.Row) throws(SQLiteError) {
        try action.bind(1, row.id)
        try action.bind(2, row.output.index + 1)
        try action.bind(3, setRows[row.sources] ?? 0)
        try action.run()
    }

    /// Writes the trees, the downloads and the files of the checksum database of a set.
    func writeModules(of set: MemberSet) throws(SQLiteError) {
        var stream = outputCount
        let tree = try database.prepare("INSERT INTO tree VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")
        for (index, value) in set.trees.enumerated() {
            // A manifest of several chunks is a stream, whose number is stored as a negative number.
            var manifest = (value.manifest.first?.index ?? 0) + 1
            if value.manifest.count > 1 {
                stream += 1
                manifest = -stream
            } else if let number = value.manifest.first {
                addUse(of: number)
            }
            content += min(value.files, 1 << 30) * FormatLimits.fileWeight
            stream += 1
            try tree.bind(1, index + 1)
            try tree.bind(2, value.module.text)
            try tree.bind(3, value.h1)
            try tree.bind(4, value.files)
            try tree.bind(5, value.executables)
            try tree.bind(6, value.size)
            try tree.bind(7, manifest)
            try tree.bind(8, stream)
            try tree.bind(9, setRows[value.sources] ?? 0)
            try tree.run()
        }
        let download = try database.prepare("INSERT INTO download VALUES (?, ?, ?, ?, ?, ?)")
        for value in set.downloads {
            try download.bind(1, value.module.text)
            try download.bind(2, value.kind.rawValue)
            try download.bind(6, setRows[value.sources] ?? 0)
            try download.bindNull(4)
            try download.bindNull(5)
            switch value.content {
            case .bytes(let bytes):
                try download.bind(3, bytes.count)
                try download.bind(4, bytes)
            case .derived: try download.bind(3, 0)
            case .stored(let id, let size, _):
                stream += 1
                mostZipped += FormatLimits.content(ofZip: size)
                try download.bind(3, size)
                try download.bind(4, id)
                try download.bind(5, stream)
            }
            try download.run()
        }
        let file = try database.prepare("INSERT INTO checksum_file VALUES (?, ?, ?)")
        for value in set.checksumFiles {
            try file.bind(1, value.path)
            try file.bind(2, value.bytes)
            try file.bind(3, setRows[value.sources] ?? 0)
            try file.run()
        }
    }
}

extension IndexWriter {
    /// Writes the index of a set.
    ///
    /// - Parameters:
    ///   - set: The members; their chunks are in the order of the frames, and laid out
    ///     (``MemberSet/laidOut(_:record:)``).
    ///   - digest: The digest of the members.
    ///   - path: The archive that the index is for.
    /// - Returns: The index.
    /// - Throws: ``CacheStoreError`` for a system error.
    static func write(_ set: MemberSet, digest: ObjectID, beside path: FilePath) throws -> IndexFile {
        var used = set.moduleSourceSets
        for action in set.actions { used.insert(action.sources) }
        return try write(beside: path, digest: digest, set: set, usedSets: used) { writer in
            for chunk in set.chunks { try writer.write(chunk: chunk) }
            for output in set.outputs { try writer.write(stream: output.chunks) }
            for chunks in set.moduleStreams { try writer.write(stream: chunks) }
            for output in set.outputs { try writer.write(output: output) }
            for action in set.actions {
                guard let output = set.outputNumber(of: action.output) else { continue }
                try writer.write(
                    action: ActionCursor.Row(id: action.id, output: output, sources: action.sources)
                )
            }
            try writer.writeModules(of: set)
        }
    }
}
