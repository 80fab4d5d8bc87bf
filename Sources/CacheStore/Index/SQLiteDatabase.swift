import CSQLite

/// A failure reported by SQLite.
struct SQLiteError: Error, Hashable, CustomStringConvertible {
    /// The result code, for example 11 for a malformed database.
    let code: Int32
    /// SQLite's own text.
    let description: String
}

/// A connection to a database in memory: an index being made, or one mapped from an archive.
@safe struct SQLiteDatabase: ~Copyable {
    private let connection: OpaquePointer

    /// Creates an empty database in memory.
    ///
    /// - Throws: ``SQLiteError``.
    init() throws(SQLiteError) { unsafe connection = try Self.open() }

    private static func open() throws(SQLiteError) -> OpaquePointer {
        var opened: OpaquePointer?
        let result = unsafe sqlite3_open_v2(
            ":memory:",
            &opened,
            SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
            nil
        )
        guard result == SQLITE_OK, let opened = unsafe opened else {
            unsafe sqlite3_close_v2(opened)
            throw unsafe SQLiteError(code: result, description: String(cString: sqlite3_errstr(result)))
        }
        return unsafe opened
    }

    /// Opens a database image that lies in memory, for reading, without copying it.
    ///
    /// - Parameter image: The image; it must stay where it is while the connection lives, and is only read.
    /// - Throws: ``SQLiteError``.
    init(image: UnsafeRawBufferPointer) throws(SQLiteError) {
        let connection = try unsafe Self.open()
        let bytes = unsafe UnsafeMutableRawPointer(mutating: image.baseAddress)
        let result = unsafe sqlite3_deserialize(
            connection,
            "main",
            bytes?.assumingMemoryBound(to: UInt8.self),
            Int64(image.count),
            Int64(image.count),
            UInt32(SQLITE_DESERIALIZE_READONLY)
        )
        guard result == SQLITE_OK else {
            unsafe sqlite3_close_v2(connection)
            throw unsafe SQLiteError(code: result, description: String(cString: sqlite3_errstr(result)))
        }
        unsafe self.connection = connection
    }

    deinit { unsafe sqlite3_close_v2(connection) }

    /// Runs a statement that gives no rows.
    ///
    /// - Throws: ``SQLiteError``.
    func execute(_ sql: String) throws(SQLiteError) {
        let result = unsafe sqlite3_exec(connection, sql, nil, nil, nil)
        guard result == SQLITE_OK else { throw error(result) }
    }

    /// Prepares a statement; it must not outlive the database.
    ///
    /// - Throws: ``SQLiteError``.
    func prepare(_ sql: String) throws(SQLiteError) -> SQLiteStatement {
        var statement: OpaquePointer?
        let result = unsafe sqlite3_prepare_v2(connection, sql, -1, &statement, nil)
        guard result == SQLITE_OK, let statement = unsafe statement else { throw error(result) }
        return unsafe SQLiteStatement(owning: statement)
    }

    /// Returns a copy of the database's image.
    ///
    /// - Throws: ``SQLiteError`` where memory is short.
    func image() throws(SQLiteError) -> [UInt8] {
        var count: Int64 = 0
        guard let bytes = unsafe sqlite3_serialize(connection, "main", &count, 0) else {
            throw error(SQLITE_NOMEM)
        }
        defer { unsafe sqlite3_free(bytes) }
        // SQLite says how many bytes it has allocated there.
        return unsafe Array(UnsafeBufferPointer(start: bytes, count: Int(count)))
    }

    private func error(_ code: Int32) -> SQLiteError {
        unsafe SQLiteError(code: code, description: String(cString: sqlite3_errmsg(connection)))
    }
}
