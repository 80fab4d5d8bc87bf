import SystemPackage
import Testing

@testable import CacheStore

/// Tests of what layers remove from a base, as a restore in the base would.
@Suite("Above a base, an image")
struct ImageRemovalsTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let tree = "m/example.com/m@v1.0.0"
    private static let versions = "m/cache/download/example.com/m/@v"

    /// Packs a module with files, and a program.
    private func pack(_ files: [String] = ["a.go", "sub/b", "sub/deep/c"]) async throws -> FilePath {
        var model = CacheModel()
        model.addPair("program", [1, 2, 3], executable: "tool")
        try model.addModule(
            CacheModel.Module(
                path: "example.com/m",
                version: "v1.0.0",
                files: files.map { ($0, Array($0.utf8), false) }
            ),
            [.tree, .info, .mod, .hash]
        )
        return try await bench.packKeepingTrees(model, to: "pack \(files.count)")
    }

    /// Writes an image above a base, and returns the names by which its layers remove others, in order, and
    /// the digests of its own layers.
    private func removals(
        _ archive: FilePath,
        above layers: [[ImageFixture.File]],
        _ profile: CacheProfile = .image,
        splits: Bool = false
    ) async throws -> (names: [String], digests: [String]) {
        let fixture = ImageFixture(bench.path("base"))
        try fixture.finish([try fixture.image(layers: layers)])
        let (layout, report) = try await bench.image(archive, to: "image") {
            $0.caches = GoCaches(buildCache: "/b", moduleCache: "/m")
            $0.base = Layers.Options.BaseReference(layout: bench.path("base"))
            ($0.overwrite, $0.compression, $0.profile, $0.splits) = (true, .gzip, profile, splits)
        }
        try layout.check()
        var names: [String] = []
        let own = layout.digests.dropFirst(report.baseLayers)
        for digest in own {
            let path = layout.path.appending("blobs/sha256/\(digest.dropFirst(7))").string
            let all = try shell(#"gzip -dc <"$0" | tar -t"#, path).split(separator: "\n").map(String.init)
            #expect(Set(all).count == all.count, "a layer has a member twice")
            names += all.filter { PathRules.isWhiteout($0) }
            // Some tools lose a name that a layer both has and removes.
            let targets = names.map { Array($0.replacing("/.wh.", with: "/").utf8) }
            let members = all.map { Array(($0.hasSuffix("/") ? String($0.dropLast()) : $0).utf8) }
            #expect(Set(members).isDisjoint(with: targets))
        }
        return (names.sorted { $0.precedes($1) }, Array(own))
    }

    @Test(
        "removes from a module's tree what the module does not have, and what stands for other things",
        arguments: [false, true]
    )
    func strays(splits: Bool) async throws {
        let (tree, archive) = (Self.tree, try await pack())
        let found = try await removals(
            archive,
            above: [
                [
                    .file("\(tree)/a.go"), .file("\(tree)/stray"), .file("\(tree)/sub/.hidden"),
                    .link("\(tree)/link", to: "a.go"), .file("\(tree)/other/x/y"), .file("\(tree)/sub/b"),
                    .file("\(tree)/sub/deep/c"), .file("\(tree)/sub/deep/d"),
                ],
                [.file("\(tree)/A.go"), .file("\(tree)/sub/gone"), .directory("\(tree)/empty")],
                [.file("\(tree)/sub/.wh.gone")],
            ],
            splits: splits
        ).names
        #expect(
            found == [
                "\(tree)/.wh.A.go", "\(tree)/.wh.empty", "\(tree)/.wh.link", "\(tree)/.wh.other",
                "\(tree)/.wh.stray", "\(tree)/sub/.wh..hidden", "\(tree)/sub/deep/.wh.d",
            ]
        )
    }

    @Test("removes files whose names differ from others only in their Unicode form")
    func unicode() async throws {
        let (composed, decomposed) = ("caf\u{e9}.go", "cafe\u{301}.go")
        let found = try await removals(
            try await pack(["a.go", composed]),
            above: [
                [.file("\(Self.tree)/a.go"), .file("\(Self.tree)/\(composed)")],
                [.file("\(Self.tree)/\(decomposed)")],
                [.file("\(Self.tree)/x/\(composed)"), .file("\(Self.tree)/x/\(decomposed)")],
            ]
        ).names
        let expected = ["\(Self.tree)/.wh.\(decomposed)", "\(Self.tree)/.wh.x"]
        #expect(found.map { Array($0.utf8) } == expected.map { Array($0.utf8) })
    }

    @Test("removes the marker of a module that is half unpacked, which Go would download again")
    func marker() async throws {
        let archive = try await pack()
        let files: [ImageFixture.File] = [
            .file("\(Self.versions)/v1.0.0.partial"), .file("\(Self.versions)/v1.1.0.partial"),
            .file("m/cache/download/example.com/other/@v/v1.0.0.partial"),
        ]
        let found = try await removals(archive, above: [files]).names
        #expect(found == ["\(Self.versions)/.wh.v1.0.0.partial"])
    }

    @Test("removes what lies beside a program, which Go would not run")
    func program() async throws {
        let archive = try await pack()
        let output = try #require(bench.contents(archive).set.outputs.first { $0.executable != nil })
        let path = "b/\(BuildCacheLayout.name(ofOutput: output.id))"
        let found = try await removals(archive, above: [[.file("\(path)/other"), .file("\(path)/tool")]])
        #expect(found.names == ["\(path)/.wh.other"])
    }

    @Test(
        "removes the tree of a module that travels as its zip, unless Go trusts it and can't unpack the zip"
    )
    func zip() async throws {
        let archive = try await pack([".wh.x", "x"])
        let base: [ImageFixture.File] = [
            .file("\(Self.tree)/x"), .file("\(Self.versions)/v1.0.0.partial"),
        ]
        let marker = "\(Self.versions)/.wh.v1.0.0.partial"
        let hash = try hash(in: archive)
        for (profile, there, staysTree) in [
            (CacheProfile.image, nil, false), (.image, hash, false), (.readonly, nil, false),
            (.readonly, Self.other, false), (.readonly, hash, true),
        ] {
            let file = there.map { [ImageFixture.File.file("\(Self.versions)/v1.0.0.ziphash", $0)] } ?? []
            let found = try await removals(archive, above: [base + file], profile)
            let expected = staysTree ? [marker] : [marker, "m/example.com/.wh.m@v1.0.0"]
            #expect(found.names == expected, "\(profile) \(there ?? "")")
        }
    }

    /// The hash of another module.
    private static let other = ModuleHash.text(of: CacheModel.id("other"))

    /// Returns the text of the first `.ziphash` in an archive.
    private func hash(in archive: FilePath) throws -> String {
        for download in try bench.contents(archive).set.downloads where download.kind == .ziphash {
            if case .bytes(let bytes) = download.content { return String(decoding: bytes, as: UTF8.self) }
        }
        throw CacheStoreError(.notFound, "no hash")
    }

    @Test(
        "removes a zip and a tree that Go would trust by its `.ziphash`, unless the base has that `.ziphash`",
        arguments: [false, true],
        [CacheProfile.image, .readonly]
    )
    func trust(hasTree: Bool, profile: CacheProfile) async throws {
        var model = CacheModel()
        let module = CacheModel.Module(
            path: "example.com/m",
            version: "v1.0.0",
            files: [("a.go", [1], false)]
        )
        try model.addModule(module, hasTree ? [.tree, .mod, .hash] : [.mod, .hash])
        let archive = try await bench.pack(model, to: "pack").path
        let parts: [ImageFixture.File] = [
            .file("\(Self.tree)/a.go"), .file("\(Self.versions)/v1.0.0.zip"),
            .file("m/example.com/other@v1.0.0/a.go"), .file("\(Self.versions)/v1.1.0.zip"),
        ]
        let name = "\(Self.versions)/v1.0.0.ziphash"
        let gone =
            ["\(Self.versions)/.wh.v1.0.0.zip"] + (hasTree ? [] : ["m/example.com/.wh.m@v1.0.0"])
        for (layers, expected) in [
            ([parts], gone), ([parts + [.file(name, Self.other)]], gone),
            ([parts + [.file(name, module.h1)]], []),
            // Only the last layer counts, and only the file itself.
            ([parts + [.file(name, module.h1)], [.file(name, Self.other)]], gone),
            ([parts + [.file(name, Self.other)], [.file(name, module.h1)]], []),
            ([parts + [.file(name, module.h1)], [.file("\(Self.versions)/.wh.v1.0.0.ziphash")]], gone),
            ([parts + [.file("hash", module.h1), .link(name, to: "/hash")]], gone),
            ([parts + [.directory("\(name)/x")]], gone), ([[.file(name, Self.other)]], []),
            ([parts + [.file(name, module.h1 + "\n")]], gone),
        ] {
            #expect(try await removals(archive, above: layers, profile).names == expected, "\(layers)")
        }
        // A tree behind a link can't be removed, and gets Go's marker.
        let linked: [ImageFixture.File] = [
            .directory("m"), .file("real/m@v1.0.0/a.go"), .link("m/example.com", to: "/real"),
        ]
        guard !hasTree else { return }
        let marker = "\(Self.versions)/v1.0.0.partial"
        for (hash, isMarked) in [(Self.other, true), (module.h1, false)] {
            let found = try await removals(archive, above: [linked + [.file(name, hash)]], profile)
            let path = bench.path("image/blobs/sha256").string
            let members = try found.digests.map {
                try shell(#"gzip -dc <"$0/$1" | tar -t"#, path, String($0.dropFirst(7)))
            }.joined()
            #expect(found.names == [] && members.contains(marker) == isMarked)
        }
    }

    @Test("is made of an archive whose sources hold the zip of a module and its `.ziphash` apart")
    func parts() async throws {
        var model = CacheModel()
        let module = CacheModel.Module(
            path: "example.com/m",
            version: "v1.0.0",
            files: [("a.go", [1], false)]
        )
        try model.addModule(module, [.mod, .hash])
        let hash = try await bench.pack(model, as: "hash", to: "hash").path
        try model.addModule(module, [.zip])
        let zip = try await bench.pack(model, as: "zip", to: "zip").path
        let union = try await bench.unite(hash, zip, to: "union").path
        let base: [ImageFixture.File] = [
            .file("\(Self.tree)/a.go"), .file("\(Self.versions)/v1.0.0.zip", "wrong"),
        ]
        for splits in [false, true] {
            let found = try await removals(union, above: [base], splits: splits)
            #expect(found.names == ["m/example.com/.wh.m@v1.0.0"])
        }
    }

    @Test("has the same layers where the base has what the archive has, or has other things")
    func nothing() async throws {
        let archive = try await pack()
        let tree = Self.tree
        let empty = try await removals(archive, above: [[.directory("usr")]])
        #expect(empty.names.isEmpty)
        for base: [ImageFixture.File] in [
            [.directory(tree, 0o555), .file("\(tree)/a.go"), .file("\(tree)/sub/b")],
            [.directory("\(tree)/a.go"), .file("\(tree)/sub"), .file("b/trim.txt/x")],
            [.link(tree, to: "/etc")], [.file(tree)],
            [.file("m/example.com/m@v1.1.0/stray"), .file("m/example.com/other@v1.0.0/stray")],
        ] {
            let found = try await removals(archive, above: [base])
            #expect(found.names.isEmpty)
            #expect(found.digests == empty.digests, "\(base)")
        }
    }
}
