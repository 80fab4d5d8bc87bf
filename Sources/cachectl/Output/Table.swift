/// A table in aligned columns, which fits the width of the page.
struct Table {
    /// A column with its heading.
    enum Column {
        /// Names, on the left side; where the page is too narrow, the middle of a name is left out.
        case left(String)
        /// Numbers, on the right side.
        case right(String)
        /// Numbers that are left out where the page is too narrow for them and for the names.
        case detail(String)
        /// Bars, which are the first to be left out.
        case bar

        fileprivate var heading: String {
            switch self {
            case .left(let heading), .right(let heading), .detail(let heading): heading
            case .bar: ""
            }
        }
    }

    /// The least width of names that are shortened, in columns.
    private static let leastWidth = 10

    /// The width of names below which details are left out, in columns.
    private static let readableWidth = 28

    /// The space between two columns.
    private static let gap = "  "

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

    /// The lines of the table on the page, without blanks at their ends.
    var lines: [String] { lines(fitting: PageWidth.columns) }

    /// Returns the lines of the table in a number of columns, without blanks at their ends.
    ///
    /// Numbers are never shortened, so the lines of a table with many of them may be wider.
    func lines(fitting width: Int) -> [String] {
        let (chosen, widths) = layout(fitting: width)
        return rows.map { row in
            var line = ""
            for (index, column) in chosen.enumerated() {
                let cell = (column < row.count ? row[column] : "").elided(to: widths[index])
                let blanks = String(repeating: " ", count: widths[index] - cell.columns)
                if index > 0 { line += Self.gap }
                switch columns[column] {
                case .left, .bar: line += cell + blanks
                case .right, .detail: line += blanks + cell
                }
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    /// Returns the columns that have room, and their widths.
    private func layout(fitting width: Int) -> (columns: [Int], widths: [Int]) {
        let natural = columns.indices.map { column in
            rows.map { column < $0.count ? $0[column].columns : 0 }.max() ?? 0
        }
        /// Returns the total width of columns if names are not wider than `limit`.
        func total(_ chosen: [Int], namesBelow limit: Int = .max) -> Int {
            let widths = chosen.map { isName($0) ? min(limit, natural[$0]) : natural[$0] }
            return widths.reduce(0, +) + Self.gap.count * max(0, chosen.count - 1)
        }
        var chosen = Array(columns.indices)
        if total(chosen) > width { chosen.removeAll { if case .bar = columns[$0] { true } else { false } } }
        if total(chosen, namesBelow: Self.readableWidth) > width {
            chosen.removeAll { if case .detail = columns[$0] { true } else { false } }
        }
        var widths = chosen.map { natural[$0] }
        // The widest names are shortened first.
        while widths.reduce(0, +) + Self.gap.count * max(0, chosen.count - 1) > width {
            let names = chosen.indices.filter { isName(chosen[$0]) && widths[$0] > Self.leastWidth }
            guard let widest = names.max(by: { widths[$0] < widths[$1] }) else { break }
            widths[widest] -= 1
        }
        return (chosen, widths)
    }

    private func isName(_ column: Int) -> Bool { if case .left = columns[column] { true } else { false } }
}
