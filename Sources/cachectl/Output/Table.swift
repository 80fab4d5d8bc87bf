/// A table in aligned columns.
struct Table {
    /// A column with its heading, and the side to which its cells are aligned.
    enum Column {
        case left(String)
        case right(String)

        fileprivate var heading: String {
            switch self {
            case .left(let heading), .right(let heading): heading
            }
        }
    }

    private let columns: [Column]
    private var rows: [[String]]

    /// Creates a table with headings and no rows.
    init(_ columns: Column...) {
        self.columns = columns
        rows = [columns.map(\.heading)]
    }

    /// Adds a row; missing cells are empty.
    mutating func append(_ cells: String...) { rows.append(cells) }

    /// Whether the table has no rows below its headings.
    var isEmpty: Bool { rows.count == 1 }

    /// The lines of the table, without blanks at their ends.
    var lines: [String] {
        let widths = columns.indices.map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let blanks = String(repeating: " ", count: widths[column] - cell.count)
                if column > 0 { line += "  " }
                switch columns[column] {
                case .left: line += cell + blanks
                case .right: line += blanks + cell
                }
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
