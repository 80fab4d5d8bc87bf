import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the one relation on which all laws of the set algebra rest.
@Suite("The relation of two values of one member")
struct MemberRelationTests {
    private let module: ModuleKey

    init() throws { module = try #require(ModuleKey("example.com/m@v1.0.0")) }

    /// Values of one member in the order of preference, and the relation of two of them.
    private struct Ranking {
        var name: String
        var count: Int
        var relation: @Sendable (Int, Int) -> MemberRelation

        init<Value: Sendable>(
            _ name: String,
            _ values: [Value],
            _ relation: @escaping @Sendable (Value, Value) -> MemberRelation
        ) {
            (self.name, count) = (name, values.count)
            self.relation = { relation(values[$0], values[$1]) }
        }
    }

    private static func id(_ byte: UInt8) -> ObjectID { ContentHasher.hash([byte].span) }

    /// Some IDs, the lowest first.
    private static let ids = [id(1), id(2), id(3), id(4)].sorted()

    private static func output(_ executable: String?) -> MemberSet.Output {
        MemberSet.Output(id: ids[0], size: 1, executable: executable, contentClass: .other, chunks: .none)
    }

    private func tree(executables: Int, files: Int, h1: ObjectID? = nil) -> MemberSet.Tree {
        MemberSet.Tree(
            module: module,
            h1: h1 ?? Self.ids[0],
            files: files,
            executables: executables,
            size: 1,
            manifest: .one(ChunkNumber(0)),
            chunks: .none,
            sources: SourceSetNumber(0)
        )
    }

    private func download(
        _ kind: MemberSet.DownloadKind,
        _ content: MemberSet.Download.Content
    ) -> MemberSet.Download {
        MemberSet.Download(module: module, kind: kind, content: content, sources: SourceSetNumber(0))
    }

    private static func checksum(_ path: String, _ text: String) -> MemberSet.ChecksumFile {
        MemberSet.ChecksumFile(path: path, bytes: Array(text.utf8), sources: SourceSetNumber(0))
    }

    private static func frame(storedBytes: Int, checksum: UInt64) -> ChunkRecord {
        ChunkRecord(id: ids[0], offset: 0, storedBytes: storedBytes, contentBytes: 9, checksum: checksum)
    }

    private static let zips: [MemberSet.Download.Content] =
        [.derived] + ids.map { .stored(id: $0, size: 1, chunks: .none) }

    private var rankings: [Ranking] {
        [
            Ranking(
                "forms of an output",
                [Self.output("a"), Self.output("b"), Self.output(nil)],
                MemberRelation.init(_:_:)
            ),
            Ranking(
                "trees of one hash",
                [
                    (tree: tree(executables: 2, files: 3), manifest: Self.ids[3]),
                    (tree: tree(executables: 1, files: 5), manifest: Self.ids[2]),
                    (tree: tree(executables: 1, files: 4), manifest: Self.ids[0]),
                    (tree: tree(executables: 1, files: 4), manifest: Self.ids[1]),
                ],
                MemberRelation.init(_:_:)
            ),
            Ranking(
                "two .info files",
                ["xyz", "ab", "b"].map { download(.info, .bytes(Array($0.utf8))) },
                MemberRelation.init(_:_:)
            ),
            Ranking("zips", Self.zips.map { download(.zip, $0) }, MemberRelation.init(_:_:)),
            Ranking(
                "lookups",
                ["xyz", "ab", "b"].map { Self.checksum("sum.golang.org/lookup/a@v1", $0) },
                MemberRelation.init(_:_:)
            ),
            Ranking(
                "frames of a chunk",
                [(1, 9), (2, 1), (2, 2)].map { Self.frame(storedBytes: $0.0, checksum: $0.1) },
                MemberRelation.init(_:_:)
            ),
        ]
    }

    @Test("prefers the same value in either order, and is `same` for a value and itself")
    func ranking() {
        for ranking in rankings {
            for first in 0..<ranking.count {
                for second in 0..<ranking.count {
                    let expected: MemberRelation =
                        first == second ? .same : first < second ? .prefersFirst : .prefersSecond
                    let relation = ranking.relation(first, second)
                    #expect(relation == expected, "\(ranking.name): \(first), \(second)")
                }
            }
        }
    }

    @Test("is a conflict, whichever comes first, where Go's checksums allow one value only")
    func conflicts() {
        func expectConflict<Value>(_ values: [Value], _ relation: (Value, Value) -> MemberRelation) {
            #expect(relation(values[0], values[1]) == .conflict)
            #expect(relation(values[1], values[0]) == .conflict)
            #expect(relation(values[0], values[0]) == .same)
        }
        let trees = Self.ids.map {
            (tree: tree(executables: 1, files: 1, h1: $0), manifest: Self.ids[0])
        }
        expectConflict(trees) { MemberRelation($0, $1) }
        for kind in [MemberSet.DownloadKind.mod, .ziphash] {
            let downloads = ["a", "bc"].map { download(kind, .bytes(Array($0.utf8))) }
            expectConflict(downloads) { MemberRelation($0, $1) }
        }
        let tiles = ["a", "bc"].map { Self.checksum("sum.golang.org/tile/8/0/000", $0) }
        expectConflict(tiles) { MemberRelation($0, $1) }
    }

    @Test("keeps, drops and covers by one rule")
    func consequences() {
        #expect(MemberRelation.same.keepsFirst && MemberRelation.same.coversFirst)
        #expect(MemberRelation.prefersFirst.keepsFirst && !MemberRelation.prefersFirst.coversFirst)
        #expect(!MemberRelation.prefersSecond.keepsFirst && MemberRelation.prefersSecond.coversFirst)
        #expect(!MemberRelation.conflict.keepsFirst && !MemberRelation.conflict.coversFirst)
    }

    @Test("throws for a conflict alone, and names the member and the archive")
    func errors() {
        for relation in [MemberRelation.same, .prefersFirst, .prefersSecond] {
            #expect(throws: Never.self) { try relation.checkConflict(of: "tree m", in: "/b") }
        }
        let error = #expect(throws: CacheStoreError.self) {
            try MemberRelation.conflict.checkConflict(of: "tree m", in: "/b")
        }
        #expect(error?.code == .conflict && error?.member == "tree m" && error?.path == "/b")
        #expect(error?.remedy == .compareWithGoSum)
    }

    @Test("prefers classes in any order: any class before `other`, then the class with the lower name")
    func classes() {
        for (first, second, expected) in [
            (EntryClass.other, EntryClass.vet, EntryClass.vet), (.vet, .other, .vet), (.cgo, .vet, .cgo),
            (.vet, .cgo, .cgo), (.other, .other, .other),
        ] {
            #expect(MemberRelation.preferred(first, second) == expected)
        }
    }
}
