import CSQLite

/// A prepared statement, which is bound and run, or stepped through row by row.
@safe struct SQLiteStatement: ~Copyable {
    private let statement: OpaquePointer

    /// Takes ownership of a statement.
    init(owning statement: OpaquePointer) { unsafe self.statement = statement }

    deinit { unsafe sqlite3_finalize(statement) }

    /// Runs the statement once with the parameters that were bound.
    ///
    /// - Throws: ``SQLiteError``.
    func run() throws(SQLiteError) {
        let result = unsafe sqlite3_step(statement)
        unsafe sqlite3_reset(statement)
        guard result == SQLITE_DONE else { throw error(result) }
    }

    /// Resets the statement, so that it can run with other parameters.
    func reset() { unsafe sqlite3_reset(statement) }

    /// Goes on to the next row.
    ///
    /// - Returns: Whether there is a next row.
    /// - Throws: ``SQLiteError``.
    func step() throws(SQLiteError) -> Bool {
        let result = unsafe sqlite3_step(statement)
        if result == SQLITE_ROW { return true }
        guard result == SQLITE_DONE else { throw error(result) }
        return false
    }

    /// Returns the integer in a column of the row, or `nil` if the column holds anything else.
    func integer(_ column: Int32) -> Int? {
        guard unsafe sqlite3_column_type(statement, column) == SQLITE_INTEGER else { return nil }
        return unsafe Int(sqlite3_column_int64(statement, column))
    }

    /// Returns the text in a column of the row, or `nil` if the column holds anything else or invalid UTF-8.
    func text(_ column: Int32) -> String? {
        guard unsafe sqlite3_column_type(statement, column) == SQLITE_TEXT,
            let start = unsafe sqlite3_column_text(statement, column)
        else { return nil }
        // The length comes from SQLite, so that a NUL inside the text is seen and not taken for the end.
        let bytes = unsafe UnsafeBufferPointer(
            start: start,
            count: Int(sqlite3_column_bytes(statement, column))
        )
        return unsafe String(validating: bytes, as: UTF8.self)
    }

    /// Returns the bytes in a column of the row, or `nil` if the column holds anything else.
    func blob(_ column: Int32) -> [UInt8]? {
        guard unsafe sqlite3_column_type(statement, column) == SQLITE_BLOB else { return nil }
        guard let start = unsafe sqlite3_column_blob(statement, column) else { return [] }
        let count = unsafe Int(sqlite3_column_bytes(statement, column))
        return unsafe Array(UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Returns the 32 bytes in a column of the row, or `nil` if the column holds anything else.
    func id(_ column: Int32) -> ObjectID? {
        guard unsafe sqlite3_column_type(statement, column) == SQLITE_BLOB,
            let start = unsafe sqlite3_column_blob(statement, column)
        else { return nil }
        let count = unsafe Int(sqlite3_column_bytes(statement, column))
        // The ID is read while the row is current, which saves a copy for each of the millions of IDs in a
        // large index.
        let bytes = unsafe UnsafeRawBufferPointer(start: start, count: count).bindMemory(to: UInt8.self)
        return unsafe ObjectID(Span(_unsafeElements: bytes))
    }

    /// Returns whether a column of the row is NULL.
    func isNull(_ column: Int32) -> Bool { unsafe sqlite3_column_type(statement, column) == SQLITE_NULL }

    /// Returns whether the text in a column of the row is `expected`.
    ///
    /// The result is false if the column holds anything else.
    func text(_ column: Int32, equals expected: [UInt8]) -> Bool {
        guard unsafe sqlite3_column_type(statement, column) == SQLITE_TEXT,
            let start = unsafe sqlite3_column_text(statement, column),
            unsafe Int(sqlite3_column_bytes(statement, column)) == expected.count
        else { return false }
        for index in expected.indices where unsafe start[index] != expected[index] { return false }
        return true
    }

    // MARK: - Parameters

    // SQLite copies the bytes that it is given before the call returns.
    private static var transient: sqlite3_destructor_type {
        unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
    }

    /// Sets the parameter at `index`, counted from 1, to NULL.
    ///
    /// - Throws: ``SQLiteError``.
    func bindNull(_ index: Int32) throws(SQLiteError) {
        try check(unsafe sqlite3_bind_null(statement, index))
    }

    /// Sets the parameter at `index`, counted from 1.
    ///
    /// - Throws: ``SQLiteError``.
    func bind(_ index: Int32, _ value: Int) throws(SQLiteError) {
        try check(unsafe sqlite3_bind_int64(statement, index, Int64(value)))
    }

    /// Sets the parameter at `index`, counted from 1.
    ///
    /// - Throws: ``SQLiteError``.
    func bind(_ index: Int32, _ id: ObjectID) throws(SQLiteError) {
        let result = unsafe id.withBytes { bytes in
            unsafe sqlite3_bind_blob(statement, index, bytes.baseAddress, Int32(bytes.count), Self.transient)
        }
        try check(result)
    }

    /// Sets the parameter at `index`, counted from 1.
    ///
    /// - Throws: ``SQLiteError``.
    func bind(_ index: Int32, _ blob: [UInt8]) throws(SQLiteError) {
        let result = unsafe blob.withUnsafeBytes { bytes in
            unsafe bytes.isEmpty
                ? sqlite3_bind_zeroblob(statement, index, 0)
                : sqlite3_bind_blob(statement, index, bytes.baseAddress, Int32(bytes.count), Self.transient)
        }
        try check(result)
    }

    /// Sets the parameter at `index`, counted from 1.
    ///
    /// - Throws: ``SQLiteError``.
    func bind(_ index: Int32, _ text: String) throws(SQLiteError) {
        var text = text
        let result = text.withUTF8 { bytes in
            unsafe bytes.withMemoryRebound(to: CChar.self) { characters in
                unsafe sqlite3_bind_text(
                    statement,
                    index,
                    characters.baseAddress,
                    Int32(characters.count),
                    Self.transient
                )
            }
        }
        try check(result)
    }

    private func check(_ result: Int32) throws(SQLiteError) {
        guard result == SQLITE_OK else { throw error(result) }
    }

    private func error(_ code: Int32) -> SQLiteError {
        unsafe SQLiteError(code, of: sqlite3_db_handle(statement))
    }
}
