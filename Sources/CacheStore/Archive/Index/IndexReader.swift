import SystemPackage

/// A reader of an index, which trusts nothing in the index.
///
/// Everything that a reader returns obeys each rule of <doc:Format> that concerns the index alone: orders,
/// numbers, names, sums. The rules that concern content are left to the readers of frames. Outputs and action
/// entries, of which there may be millions, come one at a time and are not kept. A reader and its cursors are
/// for one thread at a time.
final class IndexReader {
    let database: SQLiteDatabase
    let path: FilePath
    let framesSize: Int

    /// The version of the archive's format.
    let version: Int

    /// The digest, as the index states it.
    let digest: ObjectID

    /// The number of outputs.
    let outputCount: Int

    /// The sources, ordered by label.
    let sources: [Source]
    let sourceSets: SourceSets

    /// The content that the last ``scan(output:action:unused:number:)`` has counted, in bytes: all that
    /// counts for the limit of ``FormatLimits/content(ofFrames:)``, but the content of stored zips.
    var contentBytes = 0

    /// The object that keeps the file open.
    private let owner: any IndexOwner

    /// The statement that looks up an output by its row.
    private let lookup: SQLiteStatement

    /// Opens an index, and reads its schema, digest and sources.
    ///
    /// - Parameters:
    ///   - window: The part of a file that is the index.
    ///   - owner: The object that keeps the descriptor open.
    ///   - version: The version of the format, as the trailer says.
    ///   - framesSize: The length of all frames, in bytes, as the trailer says.
    ///   - path: The archive, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    init(
        _ window: FileWindow,
        of owner: any IndexOwner,
        version: Int,
        framesSize: Int,
        path: FilePath
    ) throws {
        let head: IndexHead
        do {
            database = try SQLiteDatabase(window)
            // All reads are in one transaction, so that the pages that were read stay in memory.
            try database.execute("BEGIN")
            try IndexSchema.check(database, version: version, path: path)
            head = try IndexHead(of: database, version: version, size: window.size ?? 0, path: path)
            lookup = try database.prepare("SELECT digest, size FROM output WHERE id = ?")
        } catch let error as SQLiteError {
            throw Self.advising(IndexSchema.unreadable(error, path: path))
        } catch let error as CacheStoreError {
            throw Self.advising(error)
        }
        (digest, outputCount) = (head.digest, head.outputCount)
        (sources, sourceSets) = (head.sources, head.sourceSets)
        self.framesSize = framesSize
        self.version = version
        self.path = path
        self.owner = owner
    }

    /// Runs `body`, and turns an error of SQLite into an error of the archive.
    ///
    /// Every other error passes through unchanged: neither a cancellation nor the error of a caller's own
    /// closure means that the archive is damaged.
    func reading<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as SQLiteError {
            throw unreadable(error)
        }
    }

    private func unreadable(_ error: SQLiteError) -> CacheStoreError {
        owner.explaining(Self.advising(IndexSchema.unreadable(error, path: path)))
    }

    /// Adds the advice for an index that has its SHA-256, and is wrong.
    private static func advising(_ error: CacheStoreError) -> CacheStoreError {
        error.code == .corruptArchive && error.remedy == nil ? error.advising(.makeAgain) : error
    }

    /// Prepares a statement.
    func prepare(_ sql: String) throws -> SQLiteStatement {
        // The function does not use `reading`, because a noncopyable value can't be its result.
        do {
            return try database.prepare(sql)
        } catch {
            throw unreadable(error)
        }
    }

    /// Returns the error for an index that breaks a rule.
    func fault(_ message: String, _ member: String? = nil) -> CacheStoreError {
        owner.explaining(Self.advising(IndexSchema.fault(message, path: path, member: member)))
    }

    /// Returns the error for a name that is not allowed.
    func unsafeName(_ name: String, _ fault: String) -> CacheStoreError {
        owner.explaining(
            CacheStoreError(
                .unsafePath,
                "the archive holds a name that is not allowed: \(fault)",
                path: path,
                member: name,
                remedy: .distrust
            )
        )
    }

    /// Returns the ID of an output and its length, in bytes.
    func output(_ number: OutputNumber) throws -> (id: ObjectID, size: Int) {
        try reading {
            lookup.reset()
            try lookup.bind(1, number.index + 1)
            guard try lookup.step(), let id = lookup.id(0), let size = lookup.integer(1), size >= 0 else {
                throw fault("an action entry has no output")
            }
            return (id, size)
        }
    }

    /// Returns the number of the set of sources in a row of the table; rows are counted from 1.
    func sourceSet(_ row: Int?, of member: @autoclosure () -> String) throws -> SourceSetNumber {
        guard let row, row >= 1, row <= sourceSets.sets.count else {
            throw fault("no source holds it", member())
        }
        return SourceSetNumber(row - 1)
    }
}
