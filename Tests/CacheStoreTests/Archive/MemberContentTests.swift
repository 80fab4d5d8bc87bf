import SystemPackage
import Testing

@testable import CacheStore

/// Tests of reading one member through the search trees of the archive's index.
@Suite("The content of one member")
struct MemberContentTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func content(
        _ archive: FilePath,
        _ kind: Member.Kind,
        _ name: String,
        file: String? = nil
    ) async throws -> [UInt8] {
        let content = try await Archive(opening: archive).content(of: kind, named: name, file: file)
        return try await content.reduce(into: []) { $0 += $1 }
    }

    @Test("is what a restore writes, for every member and every file of a tree")
    func all() async throws {
        let random = try RandomCaches(seed: 1, jobs: 1, pairs: 220, hasDisagreements: false)
        let path = try await bench.pack(random.jobs[0], to: "archive").path
        let (caches, _) = try await bench.restore(path, to: "out")
        let (build, modules) = (try #require(caches.buildCache), try #require(caches.moduleCache))
        let contents = try bench.contents(path)
        var kinds: Set<Member.Kind> = []
        for member in contents.members {
            kinds.insert(member.kind)
            let place: FilePath
            switch member.kind {
            case .action:
                place = build.appending(FilePath("\(member.name.prefix(2))/\(member.name)-a").components)
            case .output:
                let directory = FilePath("\(member.name.prefix(2))/\(member.name)-d").components
                place = build.appending(directory + FilePath(member.detail).components)
            case .tree:
                for file in try await contents.files(ofTree: member.name) {
                    let restored = modules.appending(FilePath("\(member.name)/\(file.path)").components)
                    let found = try await content(path, .tree, member.name, file: file.path)
                    #expect(try found == Files.bytes(restored), "\(member.name)/\(file.path)")
                }
                continue
            case .info, .mod, .zip, .ziphash:
                guard member.files > 0 else { continue }
                let module = try #require(ModuleKey(member.name))
                let file = "\(module.downloadDirectory)/\(module.version).\(member.kind.rawValue)"
                place = modules.appending(FilePath(file).components)
            default:
                place = modules.appending(FilePath("cache/download/sumdb/\(member.name)").components)
            }
            #expect(try await content(path, member.kind, member.name) == Files.bytes(place), "\(member)")
        }
        #expect(kinds == Set(Member.Kind.all))
    }

    @Test("of a member that is missing, or that has none, is an error that names the member")
    func missing() async throws {
        let archive = try await HostileArchive(bench: bench).sound()
        let nothing = String(repeating: "0", count: 64)
        let absent: [(Member.Kind, String, String?)] = [
            (.action, nothing, nil), (.output, nothing, nil), (.mod, "example.com/m@v9.9.9", nil),
            (.tree, "example.com/other@v1.0.0", "go.mod"), (.tree, "example.com/m@v1.0.0", "no.go"),
            (.checksum, "sum.golang.org/tile/8/0/999", nil), (.info, "example.com/zipped@v1.0.0", nil),
        ]
        for (kind, name, file) in absent {
            let error = await failure { _ = try await content(archive, kind, name, file: file) }
            #expect(error?.code == .notFound, "\(kind) \(name)")
            #expect(error?.member?.contains(name) == true, "\(kind) \(name)")
        }
        let wrong: [(Member.Kind, String)] = [
            (.output, "0f"), (.action, nothing.uppercased() + "G"), (.mod, "../x@v1"),
            (.tree, "example.com/m@v1.0.0"),
        ]
        for (kind, name) in wrong {
            let error = await failure { _ = try await content(archive, kind, name) }
            #expect(error?.code == .badArgument, "\(kind) \(name)")
        }
    }

    @Test("of an archive whose index lies about it is refused")
    func lies() async throws {
        let hostile = HostileArchive(bench: bench)
        let sound = try await hostile.sound()
        let output = ContentHasher.hash(Array("an object file".utf8).span).description
        let lies: [(String, String)] = [
            (
                "another chunk",
                "UPDATE stream SET chunk = 3 "
                    + "WHERE id = (SELECT id FROM output WHERE hex(digest) = upper('\(output)'))"
            ),
            ("outside", "UPDATE chunk SET offset = 1 << 40"), ("before", "UPDATE chunk SET offset = -1"),
            ("long", "UPDATE chunk SET stored = 1 << 62"), ("large", "UPDATE chunk SET size = 9000000"),
            ("empty", "DELETE FROM stream"), ("size", "UPDATE output SET size = size + 1"),
            ("no key", "UPDATE output SET digest = 'x'"), ("name", "UPDATE chunk SET digest = zeroblob(32)"),
            ("a view", "DROP TABLE checksum_file; CREATE VIEW checksum_file AS SELECT 1 AS path"),
        ]
        for (name, sql) in lies {
            let archive = try hostile.write(from: sound, sql: sql, to: name)
            let error = await failure("\(name)") { _ = try await content(archive, .output, output) }
            #expect(error?.code == .corruptArchive, "\(name)")
        }
        let tree = try hostile.write(from: sound, sql: "UPDATE tree SET size = size + 1", to: "tree")
        let error = await failure { _ = try await content(tree, .tree, "example.com/m@v1.0.0", file: "m.go") }
        #expect(error?.code == .corruptArchive)
    }
}
