import SystemPackage

/// Reads an index, and trusts nothing in it.
///
/// What it gives obeys every rule of <doc:Format> that concerns the index alone: orders, numbers, names,
/// sums. What concerns content is left to who reads the frames. Outputs and action entries, of which there may be
/// millions, are given one at a time and not kept; a reader and its cursors are for one thread.
final class IndexReader {
    let database: SQLiteDatabase
    let path: FilePath
    let framesSize: Int

    /// The digest as the index states it.
    private(set) var digest: ObjectID

    /// The number of outputs.
    private(set) var outputCount = 0

    /// Ordered by label.
    private(set) var sources: [Source] = []
    private(set) var sourceSets = SourceSets()

    /// What keeps the file open.
    private let owner: AnyObject

    /// Looks an output up by its number.
    private let lookup: SQLiteStatement

    /// The longest value that stands in the index itself, in bytes: Go's own limit for a go.mod file.
    static let maximumValueSize = 16 << 20

    /// Opens an index, and reads its schema, digest and sources.
    ///
    /// - Parameters:
    ///   - window: The SQLite image.
    ///   - owner: What keeps its descriptor open.
    ///   - framesSize: The length of all frames, in bytes, as the trailer says.
    ///   - path: The archive, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    init(
        _ window: FileWindow,
        of owner: AnyObject,
        framesSize: Int,
        path: FilePath
    ) throws(CacheStoreError) {
        do {
            database = try SQLiteDatabase(window)
            // One transaction, so that the pages that were read stay.
            try database.execute("BEGIN")
            lookup = try database.prepare("SELECT digest, size FROM output WHERE id = ?")
        } catch {
            throw IndexSchema.unreadable(error, path: path)
        }
        self.framesSize = framesSize
        self.path = path
        self.owner = owner
        // Until it is read.
        digest = ContentHasher().finish()
        try reading {
            try IndexSchema.check(database, path: path)
            digest = try readDigest()
            try readSources()
            // No row takes less than a byte.
            let count = try readNumber("SELECT ifnull(max(id), 0) FROM output")
            guard (0...(window.size ?? 0)).contains(count) else {
                throw fault("its outputs are not in order")
            }
            outputCount = count
        }
    }

    /// Runs `body`, and makes an error of SQLite's one of the archive's.
    func reading<Result>(_ body: () throws -> Result) throws(CacheStoreError) -> Result {
        do {
            return try body()
        } catch let error as CacheStoreError {
            throw error
        } catch {
            throw IndexSchema.unreadable(error, path: path)
        }
    }

    /// Prepares a statement.
    func prepare(_ sql: String) throws(CacheStoreError) -> SQLiteStatement {
        do {
            return try database.prepare(sql)
        } catch {
            throw IndexSchema.unreadable(error, path: path)
        }
    }

    /// The error for an index that breaks a rule.
    func fault(_ message: String, _ member: String? = nil) -> CacheStoreError {
        IndexSchema.fault(message, path: path, member: member)
    }

    /// The error for a name that is not allowed.
    func unsafeName(_ name: String, _ fault: String) -> CacheStoreError {
        CacheStoreError(
            .unsafePath,
            "the archive holds a name that is not allowed: \(fault)",
            path: path,
            member: name,
            hint: "do not use this archive: cachectl writes no such names"
        )
    }

    /// The ID and length of the output with a number, from 0.
    func output(_ number: Int) throws(CacheStoreError) -> (id: ObjectID, size: Int) {
        try reading {
            lookup.reset()
            try lookup.bind(1, number + 1)
            guard try lookup.step(), let id = lookup.id(0), let size = lookup.integer(1), size >= 0 else {
                throw fault("an action entry has no output")
            }
            return (id, size)
        }
    }

    /// A set of sources is stored by its number, from 1.
    func sourceSet(_ id: Int?, of member: @autoclosure () -> String) throws -> Int32 {
        guard let id, sourceSets.sets.indices.contains(id - 1) else {
            throw fault("no source holds it", member())
        }
        return Int32(id - 1)
    }

    private func readNumber(_ sql: String) throws -> Int {
        let statement = try database.prepare(sql)
        guard try statement.step(), let number = statement.integer(0) else {
            throw fault("it has no members")
        }
        return number
    }

    // MARK: - Tables

    private func readDigest() throws -> ObjectID {
        let statement = try database.prepare("SELECT name, value FROM archive ORDER BY name")
        guard try statement.step(), statement.text(0) == "digest", let digest = statement.id(1),
            try statement.step(), statement.text(0) == "format",
            statement.integer(1) == Trailer.currentVersion,
            try !statement.step()
        else { throw fault("it has no digest and format") }
        return digest
    }

    private func readSources() throws {
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
            guard let source = settings.integer(0), sources.indices.contains(source - 1),
                let name = settings.text(1), let value = settings.text(2), !value.isEmpty
            else { throw fault("a setting belongs to no source") }
            sources[source - 1].environment.variables[name] = value
        }
        try readSourceSets()
    }

    private func readSourceSets() throws {
        let statement = try database.prepare("SELECT id, source FROM source_set ORDER BY id, source")
        var lists: [[Int]] = []
        while try statement.step() {
            guard let id = statement.integer(0), let source = statement.integer(1),
                sources.indices.contains(source - 1), id == lists.count || id == lists.count + 1, id > 0
            else { throw fault("its sets of sources are not in order") }
            if id > lists.count { lists.append([]) }
            lists[id - 1].append(source - 1)
        }
        for (index, list) in lists.enumerated() {
            // A number that is not new would be the same set twice.
            guard sourceSets.number(of: list) == index,
                index == 0 || lists[index - 1].lexicographicallyPrecedes(list)
            else { throw fault("its sets of sources are not in order") }
        }
    }
}
