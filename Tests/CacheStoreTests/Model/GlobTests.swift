import Testing

@testable import CacheStore

@Suite("A pattern for names")
struct GlobTests {
    @Test(
        "matches as fnmatch(3) does without flags",
        arguments: [
            ("", "", true), ("", "a", false), ("a", "a", true), ("a", "A", false), ("a", "ab", false),
            ("*", "", true), ("*", "a/b", true), ("a*", "a", true), ("*a", "ba", true), ("*a*", "bab", true),
            ("a*b*c", "a-b-b-c", true), ("a*b*c", "a-b-b-d", false), ("**", "x", true), ("*ab", "aab", true),
            ("*aab", "aaab", true), ("?", "", false), ("?", "/", true), ("?", "é", true), ("??", "é", false),
            ("*.go", "m@v1/x.go", true), ("*.go", "m@v1/x.gob", false),
            ("github.com/*", "github.com/a@v1", true),
            ("[abc]", "b", true), ("[abc]", "d", false), ("[a-c]", "b", true), ("[!a-c]", "b", false),
            ("[^a-c]", "d", true), ("[]]", "]", true), ("[!]]", "]", false), ("[a-]", "-", true),
            ("[-a]", "-", true), (#"[\]]"#, "]", true), ("[à-ü]", "é", true), (#"\*"#, "*", true),
            (#"\*"#, "a", false), (#"a\\b"#, #"a\b"#, true), ("[*]", "*", true), ("[*]", "a", false),
        ]
    )
    func matching(pattern: String, name: String, isMatch: Bool) throws {
        let glob = try #require(Glob(pattern))
        #expect(glob.matches(name) == isMatch)
    }

    @Test(
        "is refused if it is incomplete, or if a range in it is empty",
        arguments: ["[", "[a", "[]", "[!", "[!]", #"\"#, #"[\"#, "[z-a]"]
    )
    func refusal(pattern: String) {
        #expect(Glob(pattern) == nil)
    }

    @Test("takes no exponential time", .timeLimit(.minutes(10)))
    func time() throws {
        let glob = try #require(Glob(String(repeating: "*a", count: 50) + "b"))
        #expect(!glob.matches(String(repeating: "a", count: 10_000)))
    }
}
