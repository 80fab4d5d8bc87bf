import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the cursor that reads an archive's members row by row.
@Suite("The cursor over an archive's members")
struct MemberCursorTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func archives(seed: UInt64) async throws -> [FilePath] {
        let packs = try await bench.packs(RandomCaches(seed: seed, jobs: 3, pairs: 60))
        return packs + [try await bench.unite(packs[0], packs[1], packs[2], to: "union").path]
    }

    private func members(of cursor: MemberCursor) throws -> [Member] {
        var members: [Member] = []
        while let member = try cursor.next() { members.append(member) }
        return members
    }

    @Test("gives the members that the whole index gives, in the same order", arguments: [41, 42] as [UInt64])
    func agrees(seed: UInt64) async throws {
        for path in try await archives(seed: seed) {
            let archive = try Archive(opening: path)
            let contents = try await archive.contents()
            let cursor = try await archive.memberCursor()
            #expect(try members(of: cursor) == Array(contents.members), "seed \(seed), \(path)")
            #expect(try cursor.next() == nil, "after the last member, there is none")
            #expect(cursor.sources == contents.sources)
        }
    }

    @Test("gives the same members of some kinds where it reads only the tables of those kinds")
    func kinds() async throws {
        for path in try await archives(seed: 43) {
            let archive = try Archive(opening: path)
            let all = Array(try await archive.contents().members)
            for kinds: Set<Member.Kind> in [[.action], [.output], [.mod], [.output, .tree]] {
                let found = try members(of: try await archive.memberCursor(kinds: kinds))
                #expect(
                    found.filter { kinds.contains($0.kind) } == all.filter { kinds.contains($0.kind) },
                    "\(kinds), \(path)"
                )
                #expect(kinds.contains(.action) || !found.contains { $0.kind == .action })
            }
        }
    }

    @Test("has the ID of each output, whether the ID is held or looked up", arguments: [0, 3, 1000])
    func outputIDs(limit: Int) async throws {
        let archive = try Archive(opening: try await archives(seed: 44)[0])
        let outputs = try archive.members().set.outputs
        let reader = try archive.index()
        var ids = OutputIDs(reader, limit: limit)
        for output in outputs { ids.append(output.id) }
        #expect(outputs.count > 10)
        for (index, output) in outputs.enumerated() {
            #expect(try ids.id(of: OutputNumber(index)) == output.id)
        }
    }

    @Test("refuses an archive whose digest is not that of its members, before it gives any")
    func wrongDigest() async throws {
        let path = try await archives(seed: 45)[0]
        let archive = try Archive(opening: path)
        let (set, digest) = try archive.members()
        let wrong = bench.path("wrong.castore")
        let writer = try ArchiveWriter(to: wrong, overwrite: false)
        var frames: [UInt8] = []
        try archive.frames.file.read(at: 0, count: set.frameBytes, into: &frames)
        try writer.write(frames.span, at: 0)
        let other = ContentHasher.hash(digest.bytes.span)
        _ = try writer.finish(set, digest: other)
        let error = await failure { _ = try await Archive(opening: wrong).memberCursor() }
        #expect(error?.code == .corruptArchive)
        let modules = await failure { _ = try await Archive(opening: wrong).memberCursor(kinds: [.mod]) }
        #expect(modules?.code == error?.code && modules?.message == error?.message)
    }
}
