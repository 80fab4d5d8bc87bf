import SystemPackage

@testable import CacheStore

/// The output of go commands, as text and as JSON.
struct LogTarget: FuzzTarget {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    func run(_ bytes: [UInt8]) {
        let path = scratch.write(bytes, to: "log")
        var log = BuildLog()
        do {
            try log.read(path)
        } catch {
            fail("the log can't be read: \(error)")
        }
        let compiled = log.compiled
        expect(compiled.allSatisfy { !$0.isEmpty && !$0.contains("\n") }, "a package has no name")
        expect(log.mentioned(among: compiled).isEmpty, "a compiled package is only mentioned")
    }
}
