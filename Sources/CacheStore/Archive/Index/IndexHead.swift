import SystemPackage

/// The small tables of an index: the digest, the sources and their sets.
struct IndexHead {
    /// The digest, as the index states it.
    let digest: ObjectID

    /// The number of outputs.
    let outputCount: Int

    /// The sources, ordered by label.
    private(set) var sources: [Source] = []
    private(set) var sourceSets = SourceSets()

    private let path: FilePath

    /// Reads and checks the tables.
    ///
    /// - Parameters:
    ///   - database: The index.
    ///   - version: The version of the archive's format.
    ///   - size: The length of the index, in bytes.
    ///   - path: The archive, for messages.
    /// - Throws: ``SQLiteError``, or ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    init(of database: borrowing SQLiteDatabase, version: Int, size: Int, path: FilePath) throws {
        self.path = path
        digest = try Self.digest(in: database, version: version, path)
        outputCount = try Self.outputCount(in: database, size: size, path)
        try readSources(database)
        try readSourceSets(database)
    }

    private func fault(_ message: String) -> CacheStoreError { IndexSchema.fault(message, path: path) }

    private static func digest(
        in database: borrowing SQLiteDatabase,
        version: Int,
        _ path: FilePath
    ) throws -> ObjectID {
        let statement = try database.prepare("SELECT name, value FROM archive ORDER BY name")
        guard try statement.step(), statement.text(0) == "digest", let digest = statement.id(1),
            try statement.step(), statement.text(0) == "format",
            statement.integer(1) == version, try !statement.step()
        else { throw IndexSchema.fault("it has no digest and format", path: path) }
        return digest
    }

    private static func outputCount(
        in database: borrowing SQLiteDatabase,
        size: Int,
        _ path: FilePath
    ) throws -> Int {
        let statement = try database.prepare("SELECT ifnull(max(id), 0) FROM output")
        // Each row takes at least one byte.
        guard try statement.step(), let count = statement.integer(0), (0...size).contains(count) else {
            throw IndexSchema.fault("its outputs are not in order", path: path)
        }
        return count
    }

    private mutating func readSources(_ database: borrowing SQLiteDatabase) throws {
        let statement = try database.prepare("SELECT id, label, digest FROM source ORDER BY id")
        while try statement.step() {
            guard statement.integer(0) == sources.count + 1, let label = statement.text(1),
                Source.isValid(label: label), let digest = statement.id(2),
                sources.last.map({ $0.label.precedes(label) }) ?? true
            else { throw fault("its sources are not in order") }
            sources.append(Source(label: label, environment: GoEnvironment(), digest: digest))
        }
        let settings = try database.prepare(
            "SELECT source, name, value FROM environment ORDER BY source, name"
        )
        while try settings.step() {
            guard let source = settings.integer(0), source >= 1, source <= sources.count,
                let name = settings.text(1), let value = settings.text(2), !value.isEmpty
            else { throw fault("a setting belongs to no source") }
            sources[source - 1].environment.variables[name] = value
        }
    }

    private mutating func readSourceSets(_ database: borrowing SQLiteDatabase) throws {
        let statement = try database.prepare("SELECT id, source FROM source_set ORDER BY id, source")
        var lists: [[Int]] = []
        while try statement.step() {
            guard let id = statement.integer(0), let source = statement.integer(1),
                source >= 1, source <= sources.count, id == lists.count || id == lists.count + 1, id > 0
            else { throw fault("its sets of sources are not in order") }
            if id > lists.count { lists.append([]) }
            lists[id - 1].append(source - 1)
        }
        for (index, list) in lists.enumerated() {
            // If the number is not new, the same set occurs twice.
            guard sourceSets.number(of: list).index == index,
                index == 0 || lists[index - 1].lexicographicallyPrecedes(list)
            else { throw fault("its sets of sources are not in order") }
        }
    }
}
