import Testing

@testable import cachectl

@Suite("A table")
struct TableTests {
    @Test("aligns its columns and ends its lines without blanks")
    func alignment() {
        var table = Table(.left("kind"), .right("members"), .left("note"))
        table.append("action", "41,203", "")
        table.append("zip", "7", "made")
        #expect(
            table.lines == [
                "kind    members  note",
                "action   41,203",
                "zip           7  made",
            ]
        )
    }

    @Test("may have rows with missing cells")
    func short() {
        var table = Table(.left("a"), .right("b"))
        table.append("longer")
        #expect(table.lines == ["a       b", "longer"])
    }

    /// A table like those of `explain` and `diff`, with an import path of 125 characters.
    private func wide(_ path: String = "github.com/" + String(repeating: "provider/", count: 12) + "networks")
        -> Table
    {
        var table = Table(.left("package"), .right("stored"), .detail("content"), .left("in"), .bar)
        table.append(path, "12.3 MB", "45.6 MB", "aws,azure,gcp", String(repeating: "█", count: 24))
        table.append("fmt", "1 B", "2 B", "all", "▏")
        return table
    }

    @Test("fits the page: bars go first, then names lose their middle", arguments: [60, 80, 100, 120, 170])
    func fits(width: Int) {
        let lines = wide().lines(fitting: width)
        #expect(lines.allSatisfy { $0.columns <= width })
        #expect(lines.contains { $0.contains("█") } == false)
        #expect(lines[1].hasPrefix("github.com/pr"))
        #expect(lines[1].contains("…") == (width < 165))
        #expect(lines[1].contains("12.3 MB  45.6 MB") == (width > 60))
    }

    @Test("keeps its bars where there is room for them")
    func bars() {
        #expect(wide().lines(fitting: 200)[1].hasSuffix("█"))
        #expect(wide("net").lines(fitting: 80)[1].hasSuffix("█"))
    }

    @Test("leaves out details where names would get too short, and never shortens a number")
    func details() {
        let lines = wide().lines(fitting: 48)
        #expect(lines[0].hasPrefix("package") && !lines[0].contains("content"))
        #expect(lines.allSatisfy { $0.columns <= 48 })
        let narrow = wide().lines(fitting: 10)
        #expect(narrow[1].contains("12.3 MB"))
    }

    @Test("counts the letters of East Asian scripts as two columns")
    func letters() {
        var table = Table(.left("name"), .right("n"))
        table.append("模块/网络", "1")
        table.append("module", "2")
        #expect(table.lines == ["name       n", "模块/网络  1", "module     2"])
        #expect("模块网络".elided(to: 5).columns <= 5)
        #expect("模块网络".elided(to: 8) == "模块网络")
    }
}

@Suite("Text for the page")
struct PageTests {
    @Test("loses its middle and keeps both ends")
    func elision() {
        #expect("github.com/aws/sdk".elided(to: 9) == "gith…/sdk")
        #expect("github.com/aws/sdk".elided(to: 18) == "github.com/aws/sdk")
        #expect("abc".elided(to: 1) == "…")
        #expect("abc".elided(to: 0).isEmpty)
    }

    @Test("is broken at blanks, and a path stays whole")
    func wrapping() {
        #expect(
            "  loss one two three".wrapped(to: 12, indent: 7) == ["  loss one", "       two", "       three"]
        )
        #expect("a /very/long/path b".wrapped(to: 6, indent: 2) == ["a", "  /very/long/path", "  b"])
        #expect("short".wrapped(to: 10, indent: 2) == ["short"])
    }

    @Test(
        "has the width that COLUMNS names, else that of the terminal, else a fixed one",
        arguments: [
            (nil, nil, 100), (nil, 80, 80), ("60", 80, 60), ("120", nil, 120), ("x", 80, 80), ("0", nil, 100),
            ("-5", 90, 90), ("3", nil, 40),
        ] as [(String?, Int?, Int)]
    )
    func width(variable: String?, terminal: Int?, width: Int) {
        #expect(PageWidth.columns(variable, terminal: terminal) == width)
    }
}
