import Testing

@testable import CacheStore

@Suite("PathRules for module zips")
struct ModulePathRulesTests {
    @Test(
        "accepts what Go's CheckFilePath does",
        arguments: [
            "go.mod", "a/b/c.go", ".gitignore", ".github/x.yml", "a b", "-x", "x~1", "a!#$%&()+,-.=@[]^_{}~",
            "\u{fc}ber", "\u{65e5}\u{672c}", "console", "com10", "a/\u{ff9e}", "..a", "a/...b", "@v/list",
        ]
    )
    func valid(path: String) {
        #expect(PathRules.fault(inPath: path, .moduleZip) == nil)
    }

    @Test(
        "refuses what Go's CheckFilePath does",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "...", "a/../b", "a/.", "a.", "a./b", "a\\b", "a:b", "a*",
            "a?",
            "a\"b", "a'b", "a<b", "a>b", "a|b", "a`b", "a\nb", "a\u{0}b", "a\u{7f}", "con", "NUL.txt",
            "a/Com1.x.y",
            "lpt9", "e\u{301}", "\u{1f600}", "\u{a0}", "a/\u{ff9e}/../b",
        ]
    )
    func invalid(path: String) {
        #expect(PathRules.fault(inPath: path, .moduleZip) != nil)
    }

    @Test("refuses a path that Linux cannot open")
    func long() {
        let longest = String(repeating: "a", count: 4_095)
        #expect(PathRules.fault(inPath: longest, .moduleZip) == nil)
        #expect(PathRules.fault(inPath: longest + "a", .moduleZip) != nil)
    }
}
