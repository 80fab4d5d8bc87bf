import CSQLite

/// A prepared statement: bound and run, or stepped through row by row.
@safe struct SQLiteStatement: ~Copyable {
    private let statement: OpaquePointer

    /// A value for a parameter.
    enum Value {
        case null
        case integer(Int)
        case text(String)
        case blob([UInt8])
    }

    /// Takes over a statement.
    init(owning statement: OpaquePointer) { unsafe self.statement = statement }

    deinit { unsafe sqlite3_finalize(statement) }

    /// Runs the statement once with `values` for its parameters.
    ///
    /// - Throws: ``SQLiteError``.
    func run(_ values: Value...) throws(SQLiteError) {
        for (index, value) in values.enumerated() { try check(bind(value, at: Int32(index + 1))) }
        let result = unsafe sqlite3_step(statement)
        unsafe sqlite3_reset(statement)
        guard result == SQLITE_DONE else { throw error(result) }
    }

    /// Gives the parameters new values, and begins again before the first row.
    ///
    /// - Throws: ``SQLiteError``.
    func bind(_ values: Value...) throws(SQLiteError) {
        unsafe sqlite3_reset(statement)
        for (index, value) in values.enumerated() { try check(bind(value, at: Int32(index + 1))) }
    }

    /// Goes on to the next row.
    ///
    /// - Returns: Whether there is one.
    /// - Throws: ``SQLiteError``.
    func step() throws(SQLiteError) -> Bool {
        let result = unsafe sqlite3_step(statement)
        if result == SQLITE_ROW { return true }
        guard result == SQLITE_DONE else { throw error(result) }
        return false
    }

    /// The integer in a column of the row, or `nil` if it holds anything else.
    func integer(_ column: Int32) -> Int? {
        guard unsafe sqlite3_column_type(statement, column) == SQLITE_INTEGER else { return nil }
        return unsafe Int(sqlite3_column_int64(statement, column))
    }

    /// The text in a column of the row, or `nil` if it holds anything else, or no UTF-8.
    func text(_ column: Int32) -> String? {
        guard unsafe sqlite3_column_type(statement, column) == SQLITE_TEXT,
            let start = unsafe sqlite3_column_text(statement, column)
        else { return nil }
        // The length is SQLite's own, so that a NUL inside is seen, not taken for the end.
        let bytes = unsafe UnsafeBufferPointer(
            start: start,
            count: Int(sqlite3_column_bytes(statement, column))
        )
        return unsafe String(validating: bytes, as: UTF8.self)
    }

    /// The bytes in a column of the row, or `nil` if it holds anything else.
    func blob(_ column: Int32) -> [UInt8]? {
        guard unsafe sqlite3_column_type(statement, column) == SQLITE_BLOB else { return nil }
        guard let start = unsafe sqlite3_column_blob(statement, column) else { return [] }
        let count = unsafe Int(sqlite3_column_bytes(statement, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// The 32 bytes in a column of the row, or `nil` if it holds anything else.
    func id(_ column: Int32) -> ObjectID? {
        guard unsafe sqlite3_column_type(statement, column) == SQLITE_BLOB,
            let start = unsafe sqlite3_column_blob(statement, column)
        else { return nil }
        let count = unsafe Int(sqlite3_column_bytes(statement, column))
        // Read while the row stands: no copy for the millions of IDs in a large index.
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count).bindMemory(to: UInt8.self)
        return unsafe ObjectID(Span(_unsafeElements: bytes))
    }

    /// Whether a column of the row is NULL.
    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(statement, column) == SQLITE_NULL }

    private func bind(_ value: Value, at index: Int32) -> Int32 {
        // SQLite copies what it is given before the call returns.
        let transient = unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: return unsafe sqlite3_bind_null(statement, index)
        case .integer(let integer): return unsafe sqlite3_bind_int64(statement, index, Int64(integer))
        case .text(var text):
            return text.withUTF8 { bytes in
                unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                    unsafe sqlite3_bind_text(
                        statement,
                        index,
                        characters.baseAddress,
                        Int32(characters.count),
                        transient
                    )
                }
            }
        case .blob(let blob):
            return unsafe blob.withUnsafeBytes { bytes in
                unsafe bytes.isEmpty
                    ? sqlite3_bind_zeroblob(statement, index, 0)
                    : sqlite3_bind_blob(statement, index, bytes.baseAddress, Int32(bytes.count), transient)
            }
        }
    }

    private func check(_ result: Int32) throws(SQLiteError) {
        guard result == SQLITE_OK else { throw error(result) }
    }

    private func error(_ code: Int32) -> SQLiteError {
        unsafe SQLiteError(
            code: code,
            description: String(cString: sqlite3_errmsg(sqlite3_db_handle(statement)))
        )
    }
}
