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
}
