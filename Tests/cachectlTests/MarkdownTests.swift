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

    @Test(
        "makes code of words of which GitHub would make a link, a mention or a picture",
        arguments: ["@user", "#1", "owner/name#1", "http://a.b", "WWW.a.b", "a@b.c", ":smile:"]
    )
    func links(word: String) {
        #expect(Markdown.text("see \(word) now") == "see `\(word)` now")
    }

    @Test("begins no list and underlines no heading", arguments: ["-", "1.", "22)", "==="])
    func marks(word: String) {
        #expect(Markdown.text("\(word) x") == "\(word.dropLast())\\\(word.suffix(1)) x")
    }

    @Test("keeps the parts of a sentence in backquotes as code, and nothing else has a meaning")
    func text() {
        #expect(Markdown.text("use `a*b` and *c*") == #"use `a*b` and \*c\*"#)
        #expect(Markdown.text("<b>`x|y`[z](u)") == #"\<b\>`x|y`\[z\](u)"#)
        #expect(Markdown.text("one ` only") == #"one \` only"#)
        #expect(Markdown.text("a\u{202E}b\nc") == #"a\\u{202e}b\\u{a}c"#)
    }

    @Test("sees a mark before an accent, which GitHub sees too")
    func accents() {
        func isSame(_ text: String, _ expected: String) -> Bool { text.utf8.elementsEqual(expected.utf8) }
        #expect(isSame(Markdown.code("a`\u{301}b"), "``a`\u{301}b``"))
        #expect(isSame(Markdown.code("`\u{301}b"), "`` `\u{301}b ``"))
        #expect(isSame(Markdown.cell("a|\u{301}b"), "`a\\|\u{301}b`"))
        #expect(isSame(Markdown.text("<\u{301}b *\u{301}c"), "\\<\u{301}b \\*\u{301}c"))
        #expect(isSame(Markdown.text("see `\u{301}a*b` and *c*"), "see `\u{301}a*b` and \\*c\\*"))
        #expect(isSame(Markdown.text("a@\u{301}b"), "`a@\u{301}b`"))
    }
}
