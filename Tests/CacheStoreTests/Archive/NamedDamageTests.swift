import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the place that errors about damaged frames name.
@Suite("A damaged frame")
struct NamedDamageTests {
    let bench: Workbench
    private let sound: FilePath

    init() async throws {
        bench = try Workbench()
        var source = SeededBytes(seed: 91)
        var model = CacheModel()
        model.addPair("package", Array("!<arch>\n".utf8) + source.halfRandomBytes(40_000))
        let files = [
            ("go.mod", Array("module example.com/m\n".utf8), false),
            ("m.go", source.halfRandomBytes(9000), false),
        ]
        var module = CacheModel.Module(path: "example.com/m", version: "v1.0.0", files: files)
        try model.addModule(module)
        module.path = "example.com/zipped"
        try model.addModule(module, [.zip, .mod, .hash])
        sound = try await bench.pack(model, to: "sound").path
    }

    /// Expects that an operation on an archive with one damaged frame names the member, and no chunk.
    private func expect(
        _ member: String,
        of chunk: ChunkRecord,
        in damaged: FilePath,
        _ what: String,
        _ body: () async throws -> Void
    ) async {
        guard let error = await failure("\(what) of \(member)", of: body) else { return }
        #expect(error.code == .corruptArchive && error.path == damaged, "\(what): \(error)")
        #expect(error.member == member && error.offset == chunk.offset, "\(what): \(error)")
        #expect(!error.summary.contains("(chunk"), "\(what): \(error)")
    }

    private func damage(_ chunk: ChunkRecord) throws -> FilePath {
        try bench.copy(sound, to: "damaged") { $0[chunk.offset + chunk.storedBytes / 2] ^= 4 }
    }

    @Test("of an output is an error that names the output, whatever reads it")
    func output() async throws {
        let set = try bench.contents(sound).set
        let output = try #require(set.outputs.first { $0.contentClass == .package })
        let chunk = set.chunks[try #require(output.chunks.numbers.first)]
        let (damaged, member) = (try damage(chunk), "output \(output.id)")
        await expect(member, of: chunk, in: damaged, "the content") {
            let content = try await Archive(opening: damaged).content(of: .output, named: "\(output.id)")
            for try await _ in content {}
        }
        for splits in [false, true] {
            await expect(member, of: chunk, in: damaged, "layers, cut: \(splits),") {
                try await bench.image(damaged, to: "image") { $0.splits = splits }
            }
        }
        await expect(member, of: chunk, in: damaged, "an explanation") {
            _ = try await Explain().run(damaged)
        }
        let other = try await bench.subtract(sound, without: sound, to: "other").path
        await expect(member, of: chunk, in: damaged, "a comparison") {
            _ = try await Diff().run(other, damaged)
        }
    }

    @Test("of a tree's list of files or of its files is an error that names the tree, whatever reads it")
    func tree() async throws {
        let set = try bench.contents(sound).set
        let tree = try #require(set.trees.first)
        let (name, member) = (tree.module.text, "tree \(tree.module.text)")
        for (list, isManifest) in [(tree.manifest, true), (tree.chunks, false)] {
            let chunk = set.chunks[try #require(list.numbers.first)]
            let damaged = try damage(chunk)
            await expect(member, of: chunk, in: damaged, "a file") {
                let content = try await Archive(opening: damaged).content(
                    of: .tree,
                    named: name,
                    file: "m.go"
                )
                for try await _ in content {}
            }
            await expect(member, of: chunk, in: damaged, "layers") {
                try await bench.image(damaged, to: "image")
            }
            let faults = try await Verify().run(damaged).problems
            #expect(faults.map(\.member) == [member] && faults.allSatisfy { !$0.summary.contains("(chunk") })
            let (_, report) = try await bench.restore(damaged, to: "rest\(isManifest)") {
                $0.skipsDamaged = true
            }
            #expect(report.leftOut.map(\.label) == [member])
            #expect(report.leftOut.allSatisfy { !$0.fault.contains("(chunk") && $0.offset == chunk.offset })
            guard isManifest else { continue }
            await expect(member, of: chunk, in: damaged, "the list of files") {
                _ = try await bench.contents(damaged).files(ofTree: name)
            }
        }
    }

    @Test("of a stored zip is an error that names the zip, whatever reads it")
    func zip() async throws {
        let set = try bench.contents(sound).set
        let stored = set.downloads.lazy.compactMap { download -> ChunkList? in
            if case .stored(_, _, let chunks) = download.content { chunks } else { nil }
        }
        let chunk = set.chunks[try #require(stored.first?.numbers.first)]
        let (damaged, member) = (try damage(chunk), "zip example.com/zipped@v1.0.0")
        await expect(member, of: chunk, in: damaged, "layers") {
            try await bench.image(damaged, to: "image")
        }
        await expect(member, of: chunk, in: damaged, "the content") {
            let content = try await Archive(opening: damaged)
                .content(of: .zip, named: "example.com/zipped@v1.0.0")
            for try await _ in content {}
        }
    }

    @Test("is still named by its chunk where no member is known")
    func unknown() throws {
        let chunk = try bench.contents(sound).set.chunks[0]
        let damaged = try damage(chunk)
        var reader = try ChunkReader(Archive(opening: damaged))
        do {
            try reader.read(chunk)
            Issue.record("it did not fail")
        } catch {
            #expect(error.message.hasSuffix(" (chunk \(chunk.id))") && error.member == nil)
            #expect(error.naming(member: "output x").member == "output x")
            let other = CacheStoreError(.corruptArchive, "a name (chunk)", offset: 1)
            #expect(other.naming(member: "m").message == "a name (chunk)")
        }
    }
}
