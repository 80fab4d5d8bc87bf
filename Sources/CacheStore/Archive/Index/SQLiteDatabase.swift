import CSQLite

/// A connection to a database: an index that is being made, or an index in an archive.
@safe struct SQLiteDatabase: ~Copyable {
    private let connection: OpaquePointer

    /// The memory that a connection takes for pages, in KiB.
    ///
    /// Little is enough, because tables are read from end to end.
    private static let cacheSize = 1024

    /// Opens a database that is part of a file.
    ///
    /// If the window has a length, the database is opened for reading only.
    ///
    /// - Parameter window: The part of the file; its descriptor must stay open while the connection lives.
    /// - Throws: ``SQLiteError``.
    init(_ window: FileWindow) throws(SQLiteError) {
        guard FileWindow.isRegistered else {
            throw SQLiteError(code: SQLITE_ERROR, description: "SQLite can open no files")
        }
        let flags =
            window.size == nil ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
        unsafe connection = try Self.open(window.name, flags, FileWindow.systemName)
    }

    private static func open(
        _ name: String,
        _ flags: CInt,
        _ system: String
    ) throws(SQLiteError) -> OpaquePointer {
        var opened: OpaquePointer?
        let result = unsafe sqlite3_open_v2(name, &opened, flags | SQLITE_OPEN_NOMUTEX, system)
        guard result == SQLITE_OK, let opened = unsafe opened else {
            let error = unsafe SQLiteError(result, of: opened)
            unsafe sqlite3_close_v2(opened)
            throw error
        }
        unsafe sqlite3_exec(opened, "PRAGMA cache_size = -\(cacheSize)", nil, nil, nil)
        return unsafe opened
    }

    deinit { unsafe sqlite3_close_v2(connection) }

    /// Runs a statement that returns no rows.
    ///
    /// - Throws: ``SQLiteError``.
    func execute(_ sql: String) throws(SQLiteError) {
        let result = unsafe sqlite3_exec(connection, sql, nil, nil, nil)
        guard result == SQLITE_OK else { throw error(result) }
    }

    /// Prepares a statement, which must not outlive the database.
    ///
    /// - Throws: ``SQLiteError``.
    func prepare(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        var statement: OpaquePointer?
        let result = unsafe sqlite3_prepare_v2(connection, sql, -1, &statement, nil)
        guard result == SQLITE_OK, let statement = unsafe statement else { throw error(result) }
        return unsafe SQLiteStatement(owning: statement)
    }

    private func error(_ code: Int32) -> SQLiteError {
        unsafe SQLiteError(code, of: connection)
    }
}
