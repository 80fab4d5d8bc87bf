import CSQLite
import SystemPackage

/// A failure reported by SQLite.
struct SQLiteError: Error, Hashable, CustomStringConvertible {
    /// The extended result code, for example 11 for a malformed database.
    let code: Int32
    /// SQLite's own text.
    let description: String
    /// The system's error below the failure, if there is one.
    let cause: Errno?

    /// Creates the error for the last failure of a connection.
    ///
    /// - Parameters:
    ///   - result: The result of the call that failed.
    ///   - connection: The connection.
    init(_ result: Int32, of connection: OpaquePointer?) {
        let extended = unsafe sqlite3_extended_errcode(connection)
        code = extended & 0xFF == result & 0xFF ? extended : result
        description = unsafe String(cString: sqlite3_errmsg(connection))
        var number: CInt = 0
        if unsafe connection == nil
            || sqlite3_file_control(connection, nil, SQLITE_FCNTL_LAST_ERRNO, &number) != SQLITE_OK
        {
            number = unsafe sqlite3_system_errno(connection)
        }
        cause = number > 0 ? Errno(rawValue: number) : nil
    }

    /// Creates an error without a connection.
    init(code: Int32, description: String) {
        (self.code, self.description, cause) = (code, description, nil)
    }

    /// The error of the machine that made SQLite fail; `nil` if the database itself is at fault.
    ///
    /// A file that ends early is at fault itself (`SQLITE_IOERR_SHORT_READ`).
    var machineFault: Errno? {
        switch code & 0xFF {
        case SQLITE_NOMEM: .noMemory
        case SQLITE_FULL: cause ?? .noSpace
        case SQLITE_IOERR where code >> 8 != 2, SQLITE_CANTOPEN: cause ?? .ioError
        default: nil
        }
    }
}
