import SystemPackage
import Testing

@testable import CacheStore

/// Restores into caches in which something stands beside the `.ziphash` that is restored.
///
/// Go trusts a tree or a zip beside a `.ziphash` without a look at its content.
@Suite("A `.ziphash` that a restore adds")
struct TrustTests {
    private static let files = [
        ("go.mod", Array("module example.com/M\n".utf8), false), ("m.go", Array("package m\n".utf8), false),
        ("tool/run", [UInt8](repeating: 7, count: 3000), true),
    ]
    private static let module = CacheModel.Module(path: "example.com/M", version: "v1.0.0-Rc", files: files)
    private static let wrong = CacheModel.Module(
        path: "example.com/M",
        version: "v1.0.0-Rc",
        files: files.map { ($0.0, $0.1.reversed(), $0.2) }
    )

    /// The parts of the module in the archive.
    enum Held: CaseIterable {
        case hash, tree, zip, treeAndZip

        var parts: CacheModel.Parts {
            switch self {
            case .hash: [.mod, .info, .hash]
            case .tree: [.mod, .info, .hash, .tree]
            case .zip: [.mod, .info, .hash, .zip]
            case .treeAndZip: .all
            }
        }
    }

    /// The `.ziphash` in the target before.
    enum Before: CaseIterable {
        case none, empty, other, same

        func bytes() -> [UInt8]? {
            switch self {
            case .none: nil
            case .empty: [UInt8](repeating: 0, count: 47)
            case .other: Array(wrong.h1.utf8)
            case .same: Array(module.h1.utf8)
            }
        }
    }

    let bench: Workbench

    init() throws { bench = try Workbench() }

    private func pack(_ held: Held) async throws -> FilePath {
        var model = CacheModel()
        try model.addModule(Self.module, held.parts)
        return try await bench.pack(model, to: "pack \(held)").path
    }

    /// Damages the content of all trees and zips of an archive.
    private func damaged(_ archive: FilePath, _ name: String, manifest: Bool = false) throws -> FilePath {
        var source = SeededBytes(seed: 5)
        let set = try bench.contents(archive).set
        var numbers = set.trees.flatMap { (manifest ? $0.manifest : $0.chunks).numbers }
        for case .stored(_, _, let chunks) in set.downloads.map(\.content) { numbers += chunks.numbers }
        return try bench.damage(archive, frames: numbers.map { set.chunks[$0] }, to: name, &source)
    }

    @discardableResult
    private func restore(
        _ archive: FilePath,
        _ name: String,
        configure: (inout Restore.Options) -> Void = { _ in }
    ) async throws -> (caches: GoCaches, report: Restore.Report) {
        try await bench.restore(archive, to: name, ofModulesAlone: true, configure: configure)
    }

    private func download(_ name: String, _ kind: String) -> FilePath {
        bench.path("\(name)/\(Self.module.download).\(kind)")
    }

    /// Writes parts of a module to a target, without a lock as if somebody had copied them.
    private func place(
        _ module: CacheModel.Module,
        _ parts: CacheModel.Parts,
        in name: String,
        _ before: Before = .none
    ) throws {
        var model = CacheModel()
        try model.addModule(module, parts)
        for path in model.files.keys where path.hasSuffix(".lock") { model.files[path] = nil }
        if let bytes = before.bytes() {
            model.files["\(module.download).ziphash"] = CacheModel.Entry(bytes: bytes, mode: 0o644)
        }
        _ = try bench.write(model, to: name)
    }

    /// Whether the tree that is there is the module's; `nil` if none is there, or Go passes over it.
    private func isTreeRight(in name: String) throws -> Bool? {
        let tree = bench.path("\(name)/\(Self.module.tree)")
        guard Files.exists(tree), !Files.exists(download(name, "partial")) else { return nil }
        let found = try TreeSnapshot(of: tree).files.mapValues(\.id)
        return found
            == Dictionary(uniqueKeysWithValues: Self.files.map { ($0.0, ContentHasher.hash($0.1.span)) })
    }

    /// Whether the zip that is there is the module's; `nil` if none is there.
    private func isZipRight(in name: String) throws -> Bool? {
        guard Files.exists(download(name, "zip")) else { return nil }
        let key = try #require(ModuleKey(Self.module.key))
        let id = try? ModuleZip.h1(of: File(reading: download(name, "zip")), module: key)
        return id.map(ModuleHash.text) == Self.module.h1
    }

    @Test(
        "stands beside no wrong tree and no wrong zip, whatever was there and whatever is damaged",
        .timeLimit(.minutes(5)),
        arguments: Held.allCases,
        CacheProfile.allCases
    )
    func added(held: Held, profile: CacheProfile) async throws {
        let sound = try await pack(held)
        var archives = [sound]
        if held != .hash {
            archives.append(try damaged(sound, "damaged"))
            archives.append(try damaged(sound, "manifest", manifest: true))
        }
        for (number, archive) in archives.enumerated() {
            for before in [Before.none, .empty, .other] {
                for zips in Restore.Options.ModuleZips.allCases {
                    let name = "\(number) \(before) \(zips)"
                    try place(Self.wrong, [.tree, .zip], in: name, before)
                    let report = try await restore(archive, name) {
                        ($0.profile, $0.moduleZips, $0.skipsDamaged) = (profile, zips, true)
                    }.report
                    #expect(try Files.bytes(download(name, "ziphash")) == Array(Self.module.h1.utf8))
                    #expect(try isTreeRight(in: name) != false, "\(name)")
                    #expect(try isZipRight(in: name) != false, "\(name)")
                    #expect(report.leftOut.isEmpty == (number == 0), "\(name)")
                    if number == 0 {
                        let hasTree = held == .tree || held == .treeAndZip
                        #expect(try isTreeRight(in: name) == (hasTree ? true : nil), "\(name)")
                        let hasZip = held == .zip || held == .treeAndZip && zips == .make
                        #expect(try isZipRight(in: name) == (hasZip ? true : nil), "\(name)")
                        #expect(!Files.exists(download(name, "partial")), "\(name)")
                    }
                }
            }
        }
    }

    @Test("lets a right tree and a right zip stay", arguments: Held.allCases, CacheProfile.allCases)
    func right(held: Held, profile: CacheProfile) async throws {
        let sound = try await pack(held)
        let damaged = held == .hash ? sound : try damaged(sound, "damaged", manifest: true)
        for (number, archive) in [sound, damaged].enumerated() {
            for before in Before.allCases {
                let name = "\(number) \(before)"
                try place(Self.module, [.tree, .zip], in: name, before)
                let report = try await restore(archive, name) {
                    ($0.profile, $0.skipsDamaged) = (profile, true)
                }.report
                #expect(report.removed == 0, "\(name)")
                #expect(try isTreeRight(in: name) == true && isZipRight(in: name) == true, "\(name)")
            }
        }
    }

    @Test("that was there already is no reason to read a tree or a zip, which Go trusts anyway")
    func trusted() async throws {
        for (held, parts) in [(Held.hash, CacheModel.Parts([.tree, .zip])), (.tree, .zip)] {
            let archive = try await pack(held)
            try place(Self.wrong, parts, in: "\(held)", .same)
            let report = try await restore(archive, "\(held)").report
            #expect(report.removed == 0)
            #expect(try isZipRight(in: "\(held)") == false)
            #expect(try isTreeRight(in: "\(held)") == (held == .tree))
        }
    }

    @Test("is not there after a restore that ends with an error", arguments: [Held.zip, .tree])
    func failed(held: Held) async throws {
        let archive = try damaged(try await pack(held), "damaged")
        try place(Self.wrong, [.tree, .zip], in: "out")
        let error = await failure { try await restore(archive, "out") }
        #expect(error?.code == .corruptArchive)
        // A marker keeps Go from a tree that was there and is being mended.
        #expect(Files.exists(download("out", "ziphash")) == (held == .tree))
        #expect(Files.exists(download("out", "partial")) == (held == .tree))
        if held == .tree { #expect(try isZipRight(in: "out") == nil) }
    }

    @Test("stands beside no wrong zip if the right one can't be made from the tree, which is there")
    func unmade() async throws {
        let archive = try damaged(try await pack(.treeAndZip), "damaged")
        for before in [Before.none, .same] {
            let name = "\(before)"
            try place(Self.module, .tree, in: name, before)
            try Files.write([1, 2, 3], to: download(name, "zip"))
            let report = try await restore(archive, name) {
                ($0.moduleZips, $0.skipsDamaged) = (.make, true)
            }.report
            #expect(report.leftOut.map(\.label) == ["zip \(Self.module.key)"])
            #expect(report.warnings.contains { $0.message.hasSuffix("when it needs the zip") })
            #expect(try isTreeRight(in: name) == true && isZipRight(in: name) == nil)
            let again = try await bench.pack(bench.caches(name), to: "again \(name)").report
            #expect(again.digest == report.digest)
        }
    }

    @Test("replaces what is no file: a link, a directory", arguments: CacheProfile.allCases)
    func kinds(profile: CacheProfile) async throws {
        let archive = try await pack(.hash)
        try place(Self.wrong, .zip, in: "elsewhere")
        try place(Self.wrong, .mod, in: "link")
        try Files.link(download("link", "zip"), to: download("elsewhere", "zip"))
        try Files.link(download("link", "ziphash"), to: download("elsewhere", "mod"))
        try Files.makeDirectory(bench.path("link/mod/example.com"))
        try place(Self.wrong, .tree, in: "elsewhere")
        try Files.link(
            bench.path("link/\(Self.module.tree)"),
            to: bench.path("elsewhere/\(Self.module.tree)")
        )
        try place(Self.wrong, .mod, in: "directory")
        try Files.makeDirectory(download("directory", "zip").appending("x"))
        try Files.makeDirectory(download("directory", "ziphash").appending("x"))
        try Files.write([1], to: bench.path("directory/\(Self.module.tree)"))
        for name in ["link", "directory"] {
            let report = try await restore(archive, name) { $0.profile = profile }.report
            #expect(report.removed == 2)
            #expect(try isTreeRight(in: name) == nil && isZipRight(in: name) == nil)
            #expect(try Files.bytes(download(name, "ziphash")) == Array(Self.module.h1.utf8))
        }
        // Nothing is removed through a link.
        #expect(try isZipRight(in: "elsewhere") == false && isTreeRight(in: "elsewhere") == false)
    }

    @Test("stands beside Go's marker if a wrong tree lies behind a link, and beside nothing below a file")
    func above() async throws {
        for held in [Held.hash, .zip] {
            let name = "\(held)"
            let archive = try await pack(held)
            try place(Self.wrong, .tree, in: "\(name) elsewhere")
            try Files.makeDirectory(bench.path("\(name)/mod"))
            let parent = bench.path("\(name)/mod/example.com")
            try Files.link(parent, to: bench.path("\(name) elsewhere/mod/example.com"))
            try await restore(archive, name)
            #expect(Files.exists(download(name, "partial")) && Files.exists(download(name, "ziphash")))
            #expect(try isTreeRight(in: "\(name) elsewhere") == false)
            try Files.write([1], to: bench.path("\(name) below/mod/example.com"))
            let below = try await restore(archive, "\(name) below").report
            #expect(below.removed == 0 && Files.exists(download("\(name) below", "ziphash")))
        }
    }

    @Test(
        "comes with no lock where nothing is, and the same restore changes nothing",
        arguments: Held.allCases
    )
    func again(held: Held) async throws {
        let archive = try await pack(held)
        try await restore(archive, "out")
        #expect(Files.exists(download("out", "lock")) == held.parts.contains(.tree))
        let report = try await restore(archive, "out").report
        #expect(report.bytesWritten == 0 && report.removed == 0 && report.downloads.replaced == 0)
    }

    @Test("waits for Go, which has locked the module, and for what Go puts there meanwhile")
    func locked() async throws {
        for held in [Held.hash, .zip] {
            let name = "\(held)"
            let archive = try await pack(held)
            try place(Self.wrong, .mod, in: name)
            let task: Task<Restore.Report, any Error>
            do {
                let directory = try Directory(opening: download(name, "mod").removingLastComponent())
                let lock = try directory.creatingFile("v1.0.0-!rc.lock", mode: 0o644)
                try lock.lock {}
                task = Task { try await restore(archive, name).report }
                try await Task.sleep(for: .milliseconds(300))
                #expect(!Files.exists(download(name, "ziphash")))
                try place(Self.wrong, [.tree, .zip], in: name)
            }
            let report = try await task.value
            #expect(report.removed == (held == .hash ? 2 : 1))
            #expect(try isTreeRight(in: name) == nil && isZipRight(in: name) != false)
        }
    }

    @Test("leaves the tree of a zip that lists directories, whose hashes differ, but no wrong one")
    func listedDirectories() async throws {
        let prefix = "\(Self.module.path)@\(Self.module.version)/"
        // The writer makes no directories, so an empty file becomes one.
        let files = Self.files.map { (path: $0.0, content: $0.1) } + [(path: "tool0", content: [])]
        var zip = try ZipFixtures.write(files, prefix: prefix)
        for start in zip.indices where zip[start...].starts(with: Array("tool0".utf8)) {
            zip[start + 4] = UInt8(ascii: "/")
        }
        try Files.write(zip, to: bench.path("the.zip"))
        let key = try #require(ModuleKey(Self.module.key))
        let hashes = try ModuleZip.hashes(of: File(reading: bench.path("the.zip")), module: key)
        #expect(ModuleHash.text(of: hashes.tree) == Self.module.h1 && hashes.zip != hashes.tree)
        var model = CacheModel()
        try model.addModule(Self.module, [.mod, .info])
        model.files["\(Self.module.download).zip"] = CacheModel.Entry(bytes: zip, mode: 0o644)
        let hash = CacheModel.Entry(bytes: Array(ModuleHash.text(of: hashes.zip).utf8), mode: 0o644)
        model.files["\(Self.module.download).ziphash"] = hash
        let archive = try await bench.pack(model, to: "pack").path

        try await restore(archive, "out")
        // Go extracts the zip.
        try place(Self.module, .tree, in: "out")
        #expect(try await restore(archive, "out").report.removed == 0)
        #expect(try isTreeRight(in: "out") == true)
        try Files.write([1], to: bench.path("out/\(Self.module.tree)/m.go"))
        #expect(try await restore(archive, "out").report.removed == 1)
        #expect(try isTreeRight(in: "out") == nil)
    }
}
