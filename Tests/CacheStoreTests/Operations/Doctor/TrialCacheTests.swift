import Glibc
import SystemPackage
import Testing

@testable import CacheStore

@Suite("A build cache in which Go is asked what it would compile")
struct TrialCacheTests {
    private func write(_ archive: FilePath, to path: FilePath) async throws {
        let archive = try Archive(opening: archive)
        try await ProgressCounters.reporting(to: nil) { counters in
            try await TrialCache(archive: archive, only: nil, threads: 2, counters: counters).write(to: path)
        }
    }

    /// Returns the room that a file takes on the disk, in bytes.
    private func allocatedBytes(_ path: FilePath) throws -> Int {
        var raw = stat()
        guard unsafe stat(path.string, &raw) == 0 else { throw Errno(rawValue: errno) }
        return Int(raw.st_blocks) * 512
    }

    @Test("has packages with their beginnings and lengths, everything else whole, and takes little room")
    func sparse() async throws {
        let bench = try Workbench()
        let head =
            "!<arch>\n__.PKGDEF       0           0     0     644     7936      `\n"
            + "go object linux amd64 go1.25.5 GOAMD64=v1 X:\nbuild id \"a/b\"\n"
        var random = SeededBytes(seed: 7)
        let package =
            Array(head.utf8) + (0..<3_000_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let text =
            Array("other text\n".utf8) + (0..<50_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        var model = CacheModel()
        let (action, output) = model.addPair("package", package)
        let (_, other) = model.addPair("text", text)
        let archive = try await bench.pack(model, to: "a.castore").path
        let cache = bench.path("trial")
        try await write(archive, to: cache)

        let path = cache.appending("\(output.description.prefix(2))").appending("\(output)-d")
        let written = try Files.bytes(path)
        #expect(written.count == package.count)
        #expect(written.prefix(4096) == package.prefix(4096))
        #expect(written != package)
        #expect(try allocatedBytes(path) <= 16_384)
        let whole = cache.appending("\(other.description.prefix(2))").appending("\(other)-d")
        #expect(try Files.bytes(whole) == text)
        let entry = cache.appending("\(action.description.prefix(2))").appending("\(action)-a")
        #expect(try Files.bytes(entry).count == ActionEntry.byteCount)
    }
}
