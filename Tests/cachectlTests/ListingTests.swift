import Testing

@testable import CacheStore
@testable import cachectl

@Suite("A listing of members")
struct ListingTests {
    private let tree = Member(
        kind: .tree,
        name: "example.com/m@v1.0.0",
        contentBytes: 1234,
        storedBytes: 567,
        files: 2,
        detail: "h1:x=",
        entryClass: nil,
        sources: ["aws", "gcp"]
    )
    private let file = TreeFile(path: "a/b\n.go", contentBytes: 89, isExecutable: true)

    @Test("gives each a line")
    func short() {
        let line = MemberLine(style: .short, labels: ["aws", "gcp"])
        #expect(line.text(tree) == "tree     example.com/m@v1.0.0")
        #expect(line.text(file, of: tree) == "file     example.com/m@v1.0.0/a/b\\u{a}.go")
    }

    @Test("has columns in its long form")
    func long() {
        let line = MemberLine(style: .long, labels: ["aws", "gcp"])
        #expect(line.text(tree) == "tree            1234         567      2 aws,gcp example.com/m@v1.0.0")
        #expect(
            line.text(file, of: tree)
                == "file              89           -      1 aws,gcp example.com/m@v1.0.0/a/b\\u{a}.go"
        )
    }

    @Test("is JSON Lines if asked")
    func json() {
        let line = MemberLine(style: .json, labels: ["aws", "gcp"])
        #expect(
            line.text(tree) == #"{"schema":"cachectl.ls/1","kind":"tree","name":"example.com/m@v1.0.0","#
                + #""raw_bytes":1234,"stored_bytes":567,"files":2,"detail":"h1:x=","class":null,"#
                + #""sources":["aws","gcp"]}"#
        )
        #expect(
            line.text(file, of: tree)
                == #"{"schema":"cachectl.ls/1","kind":"file","name":"example.com/m@v1.0.0/a/b\n.go","#
                + #""raw_bytes":89,"is_executable":true,"tree":"example.com/m@v1.0.0","path":"a/b\n.go","#
                + #""sources":["aws","gcp"]}"#
        )
    }

    @Test("is filtered by kind, source and name")
    func filter() throws {
        #expect(MemberFilter().admits(kindAndSourcesOf: tree))
        #expect(MemberFilter(kinds: [.tree, .zip]).admits(kindAndSourcesOf: tree))
        #expect(!MemberFilter(kinds: [.zip]).admits(kindAndSourcesOf: tree))
        #expect(MemberFilter(sources: ["gcp", "azure"]).admits(kindAndSourcesOf: tree))
        #expect(!MemberFilter(sources: ["azure"]).admits(kindAndSourcesOf: tree))
        let filter = MemberFilter(globs: [try #require(Glob("x")), try #require(Glob("example.com/*"))])
        #expect(filter.admits(name: tree.name))
        #expect(!filter.admits(name: "other"))
        #expect(MemberFilter().admits(name: "other"))
    }

    @Test("warns of the patterns that nothing matches")
    func unmatched() throws {
        var filter = MemberFilter(globs: [try #require(Glob("x")), try #require(Glob("example.com/*"))])
        #expect(filter.warnings.map(\.code) == [.unmatchedPattern, .unmatchedPattern])
        filter.note(name: "y")
        filter.note(name: "example.com/a")
        #expect(filter.warnings.count == 1 && filter.warnings[0].message.hasSuffix("`x`"))
        filter.note(name: "x")
        #expect(filter.warnings.isEmpty && MemberFilter().warnings.isEmpty)
    }
}
