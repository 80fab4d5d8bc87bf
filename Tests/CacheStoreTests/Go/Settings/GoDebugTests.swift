import Testing

@testable import CacheStore

@Suite("GODEBUG of Go itself")
struct GoDebugTests {
    @Test(
        "keeps Go from using indexes only by the last value of goindex",
        arguments: [
            ("", true), ("goindex=1", true), ("gctrace=0", true), ("goindex=0", false),
            ("gctrace=0,goindex=0", false), ("goindex=0,goindex=1", true), ("goindex=0#abc", false),
            ("xgoindex=0", true),
        ]
    )
    func index(value: String, isUsed: Bool) { #expect(GoDebug(value).usesIndexes == isUsed) }
}
