import Testing

@testable import cachectl

@Suite("Markdown")
struct MarkdownTests {
    @Test(
        "shows a foreign name as code, whatever is in it",
        arguments: [
            ("example.com/a_b*c", "`example.com/a_b*c`"), ("a|b", "`a|b`"), ("<img src=x>", "`<img src=x>`"),
            ("a`b", "``a`b``"), ("a``b`c", "```a``b`c```"), ("`a", "`` `a ``"), ("a`", "`` a` ``"),
            (" a ", "`  a  `"), ("a\nb", #"`a\u{a}b`"#), ("\u{202E}dlrow", #"`\u{202e}dlrow`"#),
            ("a\u{2028}b", #"`a\u{2028}b`"#), ("", ""),
        ]
    )
    func code(name: String, text: String) {
        #expect(Markdown.code(name) == text)
    }

    @Test("keeps the cells of a table apart where a name has the mark between them")
    func cell() {
        let lines = Markdown.table([("name", .left), ("size", .right)], [[Markdown.cell("a|b`c"), "1 B"]])
        #expect(lines == ["| name | size |", "| :-- | --: |", #"| ``a\|b`c`` | 1 B |"#])
    }

    @Test("cuts a long name, even one whose letters have no end")
    func length() {
        let long = Markdown.code(String(repeating: "long/", count: 1000))
        #expect(long.count == 74 && long.contains("…"))
        let tower = Markdown.code("e" + String(repeating: "\u{301}", count: 10_000))
        #expect(tower.utf8.count <= 250)
    }

    @Test("keeps the parts of a sentence in backquotes as code, and nothing else has a meaning")
    func text() {
        #expect(Markdown.text("use `a*b` and *c*") == #"use `a*b` and \*c\*"#)
        #expect(Markdown.text("<b>`x|y`[z](u)") == #"\<b\>`x|y`\[z\](u)"#)
        #expect(Markdown.text("one ` only") == #"one \` only"#)
    }
}
