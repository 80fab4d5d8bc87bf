@testable import CacheStore

/// A cell of a table of the index.
enum Cell: Hashable {
    case null
    case integer(Int)
    case text(String)
    case blob([UInt8])
    /// A change of the number that is there; for other cells, the number itself.
    case offset(Int)

    /// The cell as SQL.
    var sql: String {
        switch self {
        case .null: "NULL"
        case .integer(Int.min): "(-9223372036854775807 - 1)"
        case .integer(let value), .offset(let value): "\(value)"
        case .text(let value): "CAST(x'\(Self.hexadecimal(Array(value.utf8)))' AS TEXT)"
        case .blob(let value): "x'\(Self.hexadecimal(value))'"
        }
    }

    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] },
            as: UTF8.self
        )
    }
}

/// The rows of all tables of an index.
struct Rows {
    /// The positions of tables in the schema.
    static let (archive, chunk, stream, tree, download) = (0, 4, 5, 8, 9)

    private var tables: [[[Cell]]] = []

    /// The number of tables.
    var count: Int { tables.count }

    subscript(table: Int) -> [[Cell]] {
        get { tables[table] }
        set { tables[table] = newValue }
    }

    private static let names = IndexSchema.tables.map { table in
        String(table.dropFirst("CREATE TABLE ".count).prefix { $0 != "(" })
    }

    /// Reads all rows of an index.
    init(of window: FileWindow) throws {
        let database = try SQLiteDatabase(window)
        for name in Self.names {
            let columns = try Self.columns(of: name, in: database)
            let types = columns.map { "\($0), typeof(\($0))" }.joined(separator: ", ")
            let statement = try database.prepare("SELECT \(types) FROM \(name) ORDER BY 1, 3")
            var rows: [[Cell]] = []
            while try statement.step() {
                rows.append(
                    columns.indices.map { index in
                        let column = Int32(2 * index)
                        return switch statement.text(column + 1) {
                        case "integer": .integer(statement.integer(column) ?? 0)
                        case "text": .text(statement.text(column) ?? "")
                        case "blob": .blob(statement.blob(column) ?? [])
                        default: .null
                        }
                    }
                )
            }
            tables.append(rows)
        }
    }

    private static func columns(of table: String, in database: borrowing SQLiteDatabase) throws -> [String] {
        let statement = try database.prepare("SELECT name FROM pragma_table_info('\(table)') ORDER BY cid")
        var names: [String] = []
        while try statement.step() { names.append(statement.text(0) ?? "") }
        return names
    }

    /// Writes an index, as `IndexWriter` does: the tables one after another, each in the order of its key.
    ///
    /// Rows that a table can't hold, such as a second row with one key, are left out.
    func write(to window: FileWindow) throws {
        let database = try SQLiteDatabase(window)
        try database.execute(
            """
            PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE;
            PRAGMA page_size = \(FormatLimits.pageSize); PRAGMA secure_delete = ON;
            PRAGMA application_id = \(IndexSchema.applicationID);
            PRAGMA user_version = \(FormatLimits.version);
            ATTACH ':memory:' AS edited; BEGIN
            """
        )
        for (number, table) in IndexSchema.tables.enumerated() {
            let name = Self.names[number]
            try database.execute(table)
            try database.execute("CREATE TABLE edited." + table.dropFirst("CREATE TABLE ".count))
            for row in tables[number] {
                let values = row.map(\.sql).joined(separator: ", ")
                do {
                    try database.execute("INSERT OR IGNORE INTO edited.\(name) VALUES (\(values))")
                } catch {
                    // A rowid can be a number only.
                    guard error.code == 20 else { throw error }
                }
            }
        }
        for name in Self.names {
            try database.execute("INSERT INTO main.\(name) SELECT * FROM edited.\(name) ORDER BY 1, 2")
        }
        try database.execute("COMMIT")
    }
}
