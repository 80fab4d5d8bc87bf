import Testing

@testable import CacheStore

@Suite("Names that an archive may hold")
struct PathRulesTests {
    @Test(
        "allow what Go's own rules do",
        arguments: [
            "a", "a/b/c.go", ".gitignore", ".github/x.yml", "a b", "-x", "x~1", "a!#$%&()+,-.=@[]^_{}~",
            "\u{fc}ber",
            "\u{65e5}\u{672c}", "console", "com10", "com0", "..a", "a/...b", "@v/list", "a/\u{301}b",
            "con1/x",
            String(repeating: "a", count: 255),
        ]
    )
    func allowed(path: String) { #expect(PathRules.fault(inPath: path) == nil) }

    @Test(
        "refuse what leads elsewhere or can't stand everywhere",
        arguments: [
            "", "/", "/a", "a/", "a//b", ".", "..", "...", "../a", "a/..", "a/../b", "a/.", "a.", "a./b",
            "a\\b", "a:b", "a*",
            "a?", "a\"b", "a'b", "a<b", "a>b", "a|b", "a`b", "a\nb", "a\u{0}b", "a\u{7f}", "\u{1f}", "con",
            "CON", "NUL.txt",
            "a/Com1.x.y", "lpt9", "aux/b", "prn", "a/../\u{301}b", "a/..//\u{301}b",
            String(repeating: "a", count: 256),
        ]
    )
    func refused(path: String) { #expect(PathRules.fault(inPath: path) != nil) }

    @Test("are at most 4096 bytes long")
    func long() {
        let path = (0..<409).map { _ in "123456789/" }.joined()
        #expect(PathRules.fault(inPath: path + "123456") == nil)
        #expect(PathRules.fault(inPath: path + "1234567") != nil)
    }

    /// A path, whether an archive may hold it, and whether Go accepts it in a module zip.
    private typealias Verdict = (path: String, archive: Bool, module: Bool)

    /// A table of paths and their verdicts under both sets of rules.
    ///
    /// The paths are the fewest that tell the two sets from each other and from any laxer or stricter ones.
    private static let verdicts: [Verdict] = {
        var verdicts: [Verdict] = (0...0x7F).map { byte in
            let scalar = Unicode.Scalar(UInt8(byte))
            let isRefused = byte < 0x20 || byte == 0x7F || "\"'*<>?`|\\:".unicodeScalars.contains(scalar)
            return ("a\(Character(scalar))b", !isRefused, !isRefused && scalar != ";")
        }
        // Outside ASCII, Go accepts letters only: no marks, digits, symbols, spaces or private characters.
        for letter in ["\u{e9}", "\u{1C5}", "\u{2B0}", "\u{5D0}", "\u{65E5}", "\u{10400}", "\u{D4E}"] {
            verdicts += [(letter, true, true), ("a/\(letter)/b", true, true), (".\(letter)", true, true)]
        }
        let others = [
            "\u{301}", "\u{903}", "\u{20DD}", "\u{660}", "\u{2160}", "\u{B2}", "\u{2013}", "\u{AB}",
            "\u{20AC}",
            "\u{1F600}", "\u{A0}", "\u{2028}", "\u{80}", "\u{600}", "\u{AD}", "\u{E000}", "\u{378}",
            "\u{FFFE}",
        ]
        for other in others { verdicts += [(other, true, false), ("a/\(other)b", true, false)] }
        // To Swift, a slash and the mark after it are one character, as are a prefix and the slash after it.
        for path in ["a/\u{301}/b", "\u{600}/a", "a/\u{301}"] { verdicts.append((path, true, false)) }
        for path in ["a/..\u{301}", "..\u{301}/a", "con\u{301}", "nul\u{301}.txt"] {
            verdicts.append((path, true, false))
        }
        for path in ["a/../\u{301}b", "a//\u{301}", "/\u{301}", "\u{D4E}/", "\u{D4E}//a", ".\u{D4E}/../a"] {
            verdicts.append((path, false, false))
        }
        let devices = ["con", "prn", "aux", "nul"] + (1...9).flatMap { ["com\($0)", "lpt\($0)"] }
        for device in devices {
            let upper = device.uppercased()
            let mixed = device.prefix(1) + upper.dropFirst()
            for name in [device, upper, String(mixed)] {
                for path in [name, "\(name).txt", "\(name).a.b", "a/\(name)", "\(name)/a", "a/\(name).b/c"] {
                    verdicts.append((path, false, false))
                }
                for path in ["\(name)1", "a\(name)", ".\(name)", "a.\(name)", "\(name) ", "\(name)-.b"] {
                    verdicts.append((path, true, true))
                }
                verdicts.append(("\(name)\u{e9}", true, true))
                verdicts.append(("\(name).", false, false))
            }
        }
        for path in ["com0", "lpt0", "com", "lpt", "co\u{F1}", "\u{FF43}on", "clock$", "conin$"] {
            verdicts.append((path, true, true))
        }
        for path in ["com\u{B9}", "lpt\u{B2}.txt"] { verdicts.append((path, true, false)) }
        for path in [
            "", "/", "//", "a/", "/a", "a//b", ".", "..", "...", "a/.", "./a", "a/..", "../a", "a./b",
        ] {
            verdicts.append((path, false, false))
        }
        // Only an archive limits the length of an element, and the limits on a path differ by one byte.
        let wide = String(repeating: "\u{65E5}", count: 84)
        for (length, archive) in [(254, true), (255, true), (256, false), (4_095, false), (4_096, false)] {
            let element = String(repeating: "a", count: length)
            verdicts.append((element, archive, length <= 4_095))
            verdicts.append((wide + element.dropFirst(252), archive, length <= 4_095))
        }
        for (length, archive, module) in [(4_095, true, true), (4_096, true, false), (4_097, false, false)] {
            let path = String(String(repeating: "abcdefg/", count: 513).prefix(length - 1))
            verdicts.append(("\(path)\(path.hasSuffix("/") ? "b" : "c")", archive, module))
        }
        return verdicts
    }()

    @Test("and names that Go accepts in a module zip are two sets, each with the verdicts of a fixed table")
    func bothRules() {
        for (path, archive, module) in Self.verdicts {
            let name = path.prefix(40).debugDescription
            #expect((PathRules.fault(inPath: path) == nil) == archive, "\(name), in an archive")
            #expect((PathRules.fault(inPath: path, .moduleZip) == nil) == module, "\(name), in a module zip")
        }
    }

    @Test("do not collide in a tree: no file system takes two for one file, or for a file and its directory")
    func collisions() {
        let refused = [
            ["a", "a"], ["a", "A"], ["a", "a/b"], ["a/b", "a"], ["A/x", "a"], ["a/b/c", "A/B"],
            ["x/A/y", "X/a"],
            ["a/b", "a/c", "A"], ["\u{e9}/A", "\u{e9}/a"],
        ]
        for paths in refused {
            #expect(PathRules.collision(among: paths, ignoringCase: true) != nil, "\(paths)")
            let others = paths.dropLast()
            #expect(PathRules.collision(among: others, ignoringCase: true) == nil, "\(others)")
        }
        let paths = ["a/b", "a/c", "A/d", "ab", "a.b", "b/a", "a/B.go", "\u{e9}", "e\u{301}", "\u{c9}"]
        #expect(PathRules.collision(among: paths, ignoringCase: true) == nil)
    }

    @Test("do not collide in a module zip: Linux takes no two for one file, or for a file and its directory")
    func collisionsWithCase() {
        let cases: [([String], PathRules.Collision?)] = [
            ([], nil), ([""], nil), (["", ""], nil), (["", "a"], nil), (["a", "A", "a/b"], .directory("a")),
            (["a", "A", "B/c", "b"], nil), (["a/", "a/", "a/b", "a.b"], nil),
            (["a/", "A/", "A"], .directory("A")),
            (["a.b", "a/b", "a"], .directory("a")), (["a", "a-", "a.b", "a/"], .directory("a")),
            (["b", "a", "b"], .twice("b")), (["a/b/", "a/b"], .directory("a/b")),
            (["ab", "a/b", "ab/"], .directory("ab")),
            (["\u{e9}", "e\u{301}"], nil), (["\u{e9}", "\u{e9}"], .twice("\u{e9}")),
        ]
        for (paths, collision) in cases {
            #expect(PathRules.collision(among: paths, ignoringCase: false) == collision, "\(paths)")
            #expect(
                PathRules.collision(among: paths.reversed(), ignoringCase: false) == collision,
                "\(paths)"
            )
        }
    }

    @Test("are compared without memory for each directory of a path")
    func deepPaths() {
        let paths = (0..<2_000).map { String(repeating: "a/", count: 2_000) + "\($0)" }
        #expect(PathRules.collision(among: paths, ignoringCase: true) == nil)
        let last = String(repeating: "a/", count: 1_999) + "A"
        #expect(PathRules.collision(among: paths + [last], ignoringCase: true) == .directory(last))
    }

    @Test("take a path apart by bytes, whatever Swift takes for one character")
    func elements() {
        #expect("a/../\u{301}b".pathElements == ["a", "..", "\u{301}b"])
        #expect("/a//".pathElements == ["", "a", "", ""])
        #expect("".pathElements == [""])
        #expect("a/b/c".pathParents.map { String(decoding: $0, as: UTF8.self) } == ["a/b", "a"])
        #expect(Array("a".pathParents).isEmpty)
    }

    @Test(
        "are labels of 1 to 64 plain characters",
        arguments: [
            ("a", true), ("aws-1.x_Y", true), ("0", true), ("_", true),
            (String(repeating: "a", count: 64), true),
            (String(repeating: "a", count: 65), false), ("", false), (".a", false), ("-a", false),
            ("a b", false), ("a/b", false),
            ("\u{e9}", false), ("a\n", false), ("a\u{0}", false), ("a:b", false),
        ]
    )
    func labels(label: String, isValid: Bool) { #expect(Source.isValid(label: label) == isValid) }
}

@Suite("A module key")
struct ModuleKeyTests {
    @Test(
        "is a path and a version as Go escapes them",
        arguments: [
            ("github.com/!azure/azure-sdk-for-go@v1.0.0", "github.com/Azure/azure-sdk-for-go@v1.0.0"),
            ("gopkg.in/yaml.v3@v3.0.1", "gopkg.in/yaml.v3@v3.0.1"),
            ("example.com/m@v2.0.0+incompatible", "example.com/m@v2.0.0+incompatible"),
            ("example.com/m@v1.0.0-!r!c1", "example.com/m@v1.0.0-RC1"),
            (
                "golang.org/toolchain@v0.0.1-go1.25.5.linux-amd64",
                "golang.org/toolchain@v0.0.1-go1.25.5.linux-amd64"
            ),
            ("a.b@v0", "a.b@v0"),
        ]
    )
    func valid(text: String, unescaped: String) throws {
        let key = try #require(ModuleKey(text))
        #expect(key.text == text)
        #expect(key.unescaped == unescaped)
        #expect("\(key.path)@\(key.version)" == text)
        #expect(key.downloadDirectory == "cache/download/\(key.path)/@v")
        #expect(key.isToolchain == text.hasPrefix("golang.org/toolchain@"))
    }

    @Test(
        "is nothing else",
        arguments: [
            "", "@", "a.b", "a.b@", "@v1", "a.b@v1@v2", "nodot/a.b@v1", "cache/a.b@v1", "a.b/C@v1",
            "a.b/c@V1", "a.b/!@v1",
            "a.b/!!a@v1", "a.b/!1@v1", "a.b/c@v1!", "a.b/c@v1/x", "/a.b@v1", "a.b/@v1", "a.b//c@v1",
            "../a.b@v1", "a.b/../c@v1",
            "a.b/c@..", "a.b/c@v1.", "a.b/\u{e9}@v1", "a.b/con@v1", "a.b/c\n@v1", "a.b/c\u{0}@v1", ".@v1",
            "..@v1",
        ]
    )
    func invalid(text: String) { #expect(ModuleKey(text) == nil) }

    @Test("is ordered by bytes")
    func order() {
        let keys = [
            "a.b/!a@v1", "a.b/a!b@v1", "a.b/a-b@v1", "a.b/a/b@v1", "a.b/a@v1", "a.b/a@v10", "a.b/a@v2",
        ].compactMap(ModuleKey.init)
        #expect(keys.count == 7)
        #expect(keys.shuffled().sorted() == keys)
    }
}
