import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of damage in GOMODCACHE: what a pack leaves out, and why.
///
/// Nothing that is damaged may get into the archive.
@Suite("From GOMODCACHE a pack leaves out")
struct LeftOutModuleTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    static let module = CacheModel.Module(
        path: "example.com/Victim",
        version: "v1.0.0",
        files: [
            ("go.mod", Array("module example.com/Victim\n".utf8), false),
            ("a/b.go", Array("package a\n".utf8), false), ("run.sh", Array("#!/bin/sh\n".utf8), true),
        ]
    )

    /// One kind of damage.
    struct Damage: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// The reason for leaving out the file or directory at `path`.
        var reason: LeftOut.Reason
        var path: String
        /// The members of the module that the pack keeps.
        var kept: [String]
        var parts: CacheModel.Parts = [.tree, .info, .mod, .hash]
        var apply: @Sendable (inout CacheModel) throws -> Void = { _ in }
        var applyOnDisk: @Sendable (FilePath) throws -> Void = { _ in }
    }

    private static let tree = module.tree
    private static let small = ["info", "mod", "ziphash"]

    private static let badTrees: [Damage] = [
        Damage(testDescription: "a changed file", reason: .wrongModuleHash, path: tree, kept: small) {
            $0.files["\(tree)/a/b.go"]?.bytes[0] ^= 1
        },
        Damage(testDescription: "an extra file", reason: .wrongModuleHash, path: tree, kept: small) {
            $0.files["\(tree)/a/c.go"] = CacheModel.Entry(bytes: [], mode: 0o444)
        },
        Damage(testDescription: "a missing file", reason: .wrongModuleHash, path: tree, kept: small) {
            $0.files["\(tree)/a/b.go"] = nil
        },
        Damage(testDescription: "a renamed file", reason: .wrongModuleHash, path: tree, kept: small) {
            $0.files["\(tree)/a/B.go"] = $0.files.removeValue(forKey: "\(tree)/a/b.go")
        },
        Damage(testDescription: "no .ziphash", reason: .wrongModuleHash, path: tree, kept: ["info", "mod"]) {
            $0.files["\(module.download).ziphash"] = nil
        },
        Damage(
            testDescription: "a .partial beside it",
            reason: .partialModule,
            path: "\(module.download).partial",
            kept: small
        ) {
            $0.files["\(module.download).partial"] = CacheModel.Entry(bytes: [], mode: 0o644)
        },
        Damage(testDescription: "no files at all", reason: .wrongModuleHash, path: tree, kept: small) {
            model in
            for path in model.files.keys where path.hasPrefix(tree) { model.files[path] = nil }
        } applyOnDisk: {
            try Files.makeDirectory($0.appending(FilePath(tree).components))
        },
        Damage(
            testDescription: "a link for a file",
            reason: .symbolicLink,
            path: "\(tree)/a/b.go",
            kept: small
        ) {
            $0.files["\(tree)/a/b.go"] = nil
        } applyOnDisk: { root in
            try Files.write(module.files[1].bytes, to: root.appending("elsewhere"))
            try Files.link(
                root.appending(FilePath("\(tree)/a/b.go").components),
                to: root.appending("elsewhere")
            )
        },
        Damage(
            testDescription: "a link for a directory",
            reason: .symbolicLink,
            path: "\(tree)/a",
            kept: small
        ) {
            $0.files["\(tree)/a/b.go"] = nil
        } applyOnDisk: { root in
            try Files.write(module.files[1].bytes, to: root.appending("elsewhere").appending("b.go"))
            try Files.link(root.appending(FilePath("\(tree)/a").components), to: root.appending("elsewhere"))
        },
        Damage(testDescription: "a FIFO", reason: .specialFile, path: "\(tree)/fifo", kept: small) { _ in
        } applyOnDisk: {
            try Files.makeFIFO($0.appending(FilePath("\(tree)/fifo").components))
        },
        Damage(testDescription: "a socket", reason: .specialFile, path: "\(tree)/a/socket", kept: small) {
            _ in
        } applyOnDisk: {
            try Files.makeSocket($0.appending(FilePath("\(tree)/a/socket").components))
        },
        Damage(testDescription: "the name of a device", reason: .badName, path: tree, kept: small) {
            $0.files["\(tree)/a/con.go"] = CacheModel.Entry(bytes: [], mode: 0o444)
        },
        Damage(testDescription: "a name with a line feed", reason: .badName, path: tree, kept: small) {
            $0.files["\(tree)/a\nb.go"] = CacheModel.Entry(bytes: [], mode: 0o444)
        },
        Damage(testDescription: "names that differ in case alone", reason: .badName, path: tree, kept: small)
        {
            $0.files["\(tree)/A/b.go"] = CacheModel.Entry(bytes: [], mode: 0o444)
        },
    ]

    private static let badDownloads: [Damage] = [
        download("an empty .mod", "mod", [], kept: ["info", "tree", "ziphash"]),
        download("a .mod of zeros", "mod", [0, 0, 0], kept: ["info", "tree", "ziphash"]),
        download("an empty .info", "info", [], kept: ["mod", "tree", "ziphash"]),
        download("a torn .info", "info", Array(#"{"Version":"v1."#.utf8), kept: ["mod", "tree", "ziphash"]),
        download("an .info without a version", "info", Array("{}".utf8), kept: ["mod", "tree", "ziphash"]),
        download("an empty .ziphash", "ziphash", [], kept: ["info", "mod"]),
        download("a torn .ziphash", "ziphash", Array("h1:AAAA".utf8), kept: ["info", "mod"]),
        download("a .ziphash of zeros", "ziphash", [UInt8](repeating: 0, count: 47), kept: ["info", "mod"]),
        Damage(
            testDescription: "a .tmp",
            reason: .temporary,
            path: "\(module.download).zip123.tmp",
            kept: small + ["tree"]
        ) {
            $0.files["\(module.download).zip123.tmp"] = CacheModel.Entry(bytes: [1], mode: 0o644)
        },
        leftByRestore("info"), leftByRestore("mod"), leftByRestore("ziphash"), leftByRestore("zip"),
        Damage(
            testDescription: "a link for a .mod",
            reason: .symbolicLink,
            path: "\(module.download).mod",
            kept: ["info", "tree", "ziphash"]
        ) {
            $0.files["\(module.download).mod"] = nil
        } applyOnDisk: {
            try Files.link($0.appending(FilePath("\(module.download).mod").components), to: "/etc/passwd")
        },
        Damage(
            testDescription: "a FIFO for an .info",
            reason: .specialFile,
            path: "\(module.download).info",
            kept: ["mod", "tree", "ziphash"]
        ) {
            $0.files["\(module.download).info"] = nil
        } applyOnDisk: {
            try Files.makeFIFO($0.appending(FilePath("\(module.download).info").components))
        },
    ]

    /// A file that a killed restore has left under its temporary name.
    private static func leftByRestore(_ suffix: String) -> Damage {
        let path = "mod/cache/download/example.com/!victim/@v/.castore-v1.0.0.\(suffix)"
        return Damage(
            testDescription: "a .\(suffix) that a restore was writing when it was killed",
            reason: .temporary,
            path: path,
            kept: small + ["tree"]
        ) {
            let whole = $0.files["\(module.download).\(suffix)"]
            $0.files[path] = whole ?? CacheModel.Entry(bytes: [1], mode: 0o644)
        }
    }

    private static func download(_ name: String, _ suffix: String, _ bytes: [UInt8], kept: [String]) -> Damage
    {
        Damage(testDescription: name, reason: .badDownload, path: "\(module.download).\(suffix)", kept: kept)
        {
            $0.files["\(module.download).\(suffix)"]?.bytes = bytes
        }
    }

    private static let badZips: [Damage] = [
        Damage(testDescription: "garbage", reason: .wrongModuleHash, path: zip, kept: small, parts: zipOnly) {
            $0.files[zip]?.bytes = Array("no zip".utf8)
        },
        Damage(testDescription: "nothing", reason: .wrongModuleHash, path: zip, kept: small, parts: zipOnly) {
            $0.files[zip]?.bytes = []
        },
        Damage(
            testDescription: "a flipped bit",
            reason: .wrongModuleHash,
            path: zip,
            kept: small,
            parts: zipOnly
        ) {
            $0.files[zip]?.bytes[65] ^= 1
        },
        Damage(
            testDescription: "a torn zip",
            reason: .wrongModuleHash,
            path: zip,
            kept: small,
            parts: zipOnly
        ) {
            $0.files[zip]?.bytes.removeLast(30)
        },
        Damage(
            testDescription: "another module's zip",
            reason: .wrongModuleHash,
            path: zip,
            kept: small,
            parts: zipOnly
        ) {
            var other = module
            other.version = "v1.0.1"
            $0.files[zip]?.bytes = try other.zip
        },
        Damage(
            testDescription: "no .ziphash",
            reason: .wrongModuleHash,
            path: zip,
            kept: ["info", "mod"],
            parts: zipOnly
        ) {
            $0.files["\(module.download).ziphash"] = nil
        },
    ]

    private static let zip = "\(module.download).zip"
    private static let zipOnly: CacheModel.Parts = [.zip, .info, .mod, .hash]

    @Test("a module tree with", arguments: badTrees)
    func badTree(damage: Damage) async throws { try await check(damage) }

    @Test("a download that is", arguments: badDownloads)
    func badDownload(damage: Damage) async throws { try await check(damage) }

    @Test("a zip without a tree that holds", arguments: badZips)
    func badZip(damage: Damage) async throws { try await check(damage) }

    @Test("a tree with a name that is not UTF-8, and names of modules that Go does not give")
    func names() async throws {
        var model = CacheModel()
        try model.addModule(Self.module)
        model.files["mod/example.com/Upper@v1.0.0/a"] = CacheModel.Entry(bytes: [1], mode: 0o444)
        model.files["mod/nodot/m@v1.0.0/a"] = CacheModel.Entry(bytes: [1], mode: 0o444)
        model.files["mod/stray"] = CacheModel.Entry(bytes: [1], mode: 0o444)
        model.files["mod/cache/lock"] = CacheModel.Entry(bytes: [], mode: 0o444)
        model.files["mod/cache/vcs/abc/HEAD"] = CacheModel.Entry(bytes: [], mode: 0o444)
        model.files["mod/cache/download/example.com/!victim/@v/list"] = CacheModel.Entry(
            bytes: [],
            mode: 0o444
        )
        let caches = try bench.write(model, to: "caches")
        let path = bench.path("caches/\(Self.tree)").appending(nameThatIsNotUTF8().components)
        try Files.write([], to: path)
        let pack = try await bench.pack(caches, to: "pack")
        let root = bench.path("caches/mod").string + "/"
        let found = pack.report.leftOut.map {
            "\($0.reason.rawValue) \($0.path.string.dropFirst(root.count))"
        }
        #expect(
            Set(found) == [
                "badName example.com/Upper@v1.0.0", "badName nodot/m@v1.0.0", "foreign stray",
                "bookkeeping cache/lock",
                "bookkeeping cache/vcs", "bookkeeping cache/download/example.com/!victim/@v/list",
                "bookkeeping cache/download/example.com/!victim/@v/v1.0.0.lock",
                "badName \(path.string.dropFirst(root.count))",
            ]
        )
        // The pack keeps the zip, because the tree can't make it.
        let kinds = try bench.members(pack.path).map { String($0.split(separator: " ")[0]) }
        #expect(kinds == ["info", "mod", "zip", "ziphash"])
    }

    @Test("bad files of the checksum database, and its latest head")
    func checksumFiles() async throws {
        var model = CacheModel()
        model.addChecksumFile("sum.golang.org/lookup/example.com/m@v1.0.0", [1])
        model.addChecksumFile("sum.golang.org/latest", [1])
        model.addChecksumFile("sum.golang.org/tile/8/0/001", [])
        model.addChecksumFile("sum.golang.org/other/x", [1])
        model.addChecksumFile("sum.golang.org/tile/8/0/con", [1])
        let caches = try bench.write(model, to: "caches")
        let sumdb = bench.path("caches/mod/cache/download/sumdb/sum.golang.org")
        try Files.link(sumdb.appending("tile").appending("x"), to: "/etc/passwd")
        try Files.makeFIFO(sumdb.appending("tile").appending("y"))
        let pack = try await bench.pack(caches, to: "pack")
        #expect(try bench.members(pack.path) == ["checksum sum.golang.org/lookup/example.com/m@v1.0.0 "])
        let found = pack.report.leftOut.map { "\($0.reason.rawValue) \($0.path.lastComponent?.string ?? "")" }
        #expect(
            found.sorted() == [
                "badDownload 001", "badName con", "badName x", "bookkeeping latest", "specialFile y",
                "symbolicLink x",
            ]
        )
    }

    @Test("files of the checksum database that lost their content with the power")
    func checksumFilesOfZeros() async throws {
        let zeros = [UInt8](repeating: 0, count: 32)
        let hash = [UInt8](repeating: 7, count: 32)
        var model = CacheModel()
        model.addChecksumFile("sum.golang.org/lookup/example.com/m@v1.0.0", Array("1\nm".utf8) + [0])
        model.addChecksumFile("sum.golang.org/tile/8/0/001", hash + zeros)
        model.addChecksumFile("sum.golang.org/tile/8/data/000", Array("text".utf8) + [0])
        model.addChecksumFile("sum.golang.org/tile/8/0/.castore-002", hash)
        model.addChecksumFile("sum.golang.org/tile/8/0/003", [0] + hash + [0])
        let pack = try await bench.pack(bench.write(model, to: "caches"), to: "pack")
        #expect(try bench.members(pack.path) == ["checksum sum.golang.org/tile/8/0/003 "])
        let found = pack.report.leftOut.map { "\($0.reason.rawValue) \($0.path.lastComponent?.string ?? "")" }
        #expect(
            found.sorted() == [
                "badDownload 000", "badDownload 001", "badDownload m@v1.0.0", "temporary .castore-002",
            ]
        )
    }

    /// Applies damage to a sound module, and expects a pack to leave out only what is damaged.
    ///
    /// A strict pack must fail, and name the damage.
    private func check(_ damage: Damage) async throws {
        var model = CacheModel()
        var sound = Self.module
        sound.path = "example.com/sound"
        try model.addModule(sound, [.tree, .mod, .hash])
        try model.addModule(Self.module, damage.parts)
        try damage.apply(&model)
        let caches = try bench.write(model, to: "caches")
        try damage.applyOnDisk(bench.path("caches"))

        let pack = try await bench.pack(caches, to: "pack")
        let isDamage = pack.report.leftOut.filter(\.reason.isDamage)
        #expect(
            isDamage.contains { $0.reason == damage.reason && $0.path == bench.path("caches/\(damage.path)") }
        )
        #expect(isDamage.allSatisfy { $0.path.string.lowercased().contains("victim") })
        let members = try bench.members(pack.path).map {
            $0.split(separator: " ").prefix(2).joined(separator: " ")
        }
        let expected = damage.kept.map { "\($0) example.com/!victim@v1.0.0" }
        #expect(members.filter { $0.contains("victim") }.sorted() == expected.sorted())
        #expect(members.filter { !$0.contains("victim") }.count == 3)
        #expect(try await Verify().run(pack.path).problems.isEmpty)

        let before = try bench.names
        let error = await failure { try await bench.pack(caches, to: "strict") { $0.isStrict = true } }
        #expect(error?.code == .damagedCache)
        #expect(error?.path?.string.lowercased().contains("victim") == true)
        #expect(try bench.names == before)
    }
}
