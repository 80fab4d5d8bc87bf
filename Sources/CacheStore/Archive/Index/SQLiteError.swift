/// A failure reported by SQLite.
struct SQLiteError: Error, Hashable, CustomStringConvertible {
    /// The result code, for example 11 for a malformed database.
    let code: Int32
    /// SQLite's own text.
    let description: String
}
