import SystemPackage

/// The tables of an index: see <doc:Format>.
enum IndexSchema {
    /// The application ID `CSTR`, in the SQLite header.
    static let applicationID = 0x4353_5452

    /// The statements that create the tables, in order.
    ///
    /// A reader compares these statements with those of an archive letter by letter. Therefore no view, no
    /// trigger and no other affinity can hide in an archive.
    static let tables = [
        "CREATE TABLE archive(name TEXT PRIMARY KEY NOT NULL, value NOT NULL) WITHOUT ROWID",
        "CREATE TABLE source(id INTEGER PRIMARY KEY, label TEXT NOT NULL, digest BLOB NOT NULL)",
        "CREATE TABLE environment(source INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, "
            + "PRIMARY KEY(source, name)) WITHOUT ROWID",
        "CREATE TABLE source_set(id INTEGER NOT NULL, source INTEGER NOT NULL, "
            + "PRIMARY KEY(id, source)) WITHOUT ROWID",
        "CREATE TABLE chunk(id INTEGER PRIMARY KEY, digest BLOB NOT NULL, offset INTEGER NOT NULL, "
            + "stored INTEGER NOT NULL, size INTEGER NOT NULL, checksum INTEGER NOT NULL)",
        "CREATE TABLE stream(id INTEGER NOT NULL, position INTEGER NOT NULL, chunk INTEGER NOT NULL, "
            + "PRIMARY KEY(id, position)) WITHOUT ROWID",
        "CREATE TABLE output(id INTEGER PRIMARY KEY, digest BLOB NOT NULL, size INTEGER NOT NULL, "
            + "executable TEXT, kind TEXT NOT NULL)",
        "CREATE TABLE action(id BLOB NOT NULL, output INTEGER NOT NULL, sources INTEGER NOT NULL, "
            + "PRIMARY KEY(id, output)) WITHOUT ROWID",
        "CREATE TABLE tree(id INTEGER PRIMARY KEY, module TEXT NOT NULL, h1 BLOB NOT NULL, "
            + "files INTEGER NOT NULL, executables INTEGER NOT NULL, size INTEGER NOT NULL, "
            + "manifest INTEGER NOT NULL, stream INTEGER NOT NULL, sources INTEGER NOT NULL)",
        "CREATE TABLE download(module TEXT NOT NULL, kind TEXT NOT NULL, size INTEGER NOT NULL, value BLOB, "
            + "stream INTEGER, sources INTEGER NOT NULL, PRIMARY KEY(module, kind)) WITHOUT ROWID",
        "CREATE TABLE checksum_file(path TEXT PRIMARY KEY NOT NULL, value BLOB NOT NULL, "
            + "sources INTEGER NOT NULL) WITHOUT ROWID",
    ]

    /// The names of the tables, in order.
    static var names: [String] {
        tables.map { String($0.dropFirst("CREATE TABLE ".count).prefix { $0 != "(" }) }
    }

    /// Returns the settings of a new index, to be made before its first table.
    static func settings(version: Int) -> String {
        """
        PRAGMA journal_mode = OFF;
        PRAGMA synchronous = OFF;
        PRAGMA locking_mode = EXCLUSIVE;
        PRAGMA page_size = \(FormatLimits.pageSize);
        PRAGMA secure_delete = ON;
        PRAGMA application_id = \(applicationID);
        PRAGMA user_version = \(version);
        """
    }

    /// Checks that a database is an index that holds these tables and nothing else.
    ///
    /// - Throws: `SQLiteError`, or ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    static func check(_ database: borrowing SQLiteDatabase, version: Int, path: FilePath) throws {
        for (name, expected) in [("application_id", applicationID), ("user_version", version)] {
            let statement = try database.prepare("PRAGMA \(name)")
            guard try statement.step(), statement.integer(0) == expected else {
                throw fault("it is not the index of an archive", path: path)
            }
        }
        let statement = try database.prepare(
            "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
        )
        var found: [String] = []
        while try statement.step() { found.append(statement.text(0) ?? "") }
        guard found == tables else { throw fault("its tables are not those of an archive", path: path) }
    }

    /// Returns the error for an index that breaks a rule of the format.
    static func fault(_ message: String, path: FilePath, member: String? = nil) -> CacheStoreError {
        CacheStoreError(
            .corruptArchive,
            "damaged index: \(message)",
            path: path,
            member: member
        )
    }

    /// Returns the error for an index that SQLite can't read.
    ///
    /// A fault of the machine is not damage of the archive.
    static func unreadable(_ error: SQLiteError, path: FilePath) -> CacheStoreError {
        if let cause = error.machineFault { return .system(cause, "read the index", path) }
        return CacheStoreError(
            .corruptArchive,
            "damaged archive: its index can't be read, \(error)",
            path: path
        )
    }
}
