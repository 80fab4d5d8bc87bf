import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the directories of an image: those of a base keep what they are.
@Suite("A directory of an image")
struct ImageDirectoriesTests {
    private let bench: Workbench
    private let archive: FilePath

    init() async throws {
        bench = try Workbench()
        var model = CacheModel()
        model.addPair("one", [1, 2, 3])
        try model.addModule(
            CacheModel.Module(
                path: "example.com/m",
                version: "v1.0.0",
                files: [("go.mod", Array("module example.com/m\n".utf8), false)]
            ),
            [.tree, .info, .mod, .hash]
        )
        archive = try await bench.pack(model, to: "pack").path
    }

    /// A base as bootc has it, with a home of user 7 and a golang image's `/go`.
    private let base: [[ImageFixture.File]] = [
        [
            .directory("var"), .directory("var/roothome", 0o700, owner: 3), .link("root", to: "var/roothome"),
            .directory("data"), .directory("data/cache", 0o775, owner: 4),
            .link("var/cache", to: "/data/cache"),
            .directory("go", 0o1777), .directory("home"), .directory("home/u", 0o700, owner: 7),
        ],
        [.file("var/file"), .link("var/dangling", to: "/nowhere"), .link("var/loop", to: "loop")],
    ]

    /// Writes an image, and returns the mode, owner and path of each directory and link of all its layers, as
    /// tar lists them, and what a directory has in it.
    private func build(
        _ build: FilePath?,
        _ module: FilePath?,
        above layers: [[ImageFixture.File]]? = nil,
        owner: Int = 0,
        splits: Bool = false,
        profile: CacheProfile = .image
    ) async throws -> (listing: [String: String], layout: ImageLayout) {
        if let layers {
            let fixture = ImageFixture(bench.path("base"))
            try fixture.finish([try fixture.image(layers: layers)])
        }
        let (layout, _) = try await bench.image(archive, to: "image") {
            $0.caches = GoCaches(buildCache: build, moduleCache: module)
            $0.owner = FileOwner(user: owner, group: owner)
            ($0.splits, $0.overwrite, $0.compression, $0.profile) = (splits, true, .gzip, profile)
            if layers != nil { $0.base = Layers.Options.BaseReference(layout: bench.path("base")) }
        }
        try layout.check()
        var listing: [String: String] = [:]
        for digest in layout.digests {
            let path = layout.path.appending("blobs/sha256/\(digest.dropFirst(7))").string
            let lines = try shell(#"gzip -dc <"$0" | tar --numeric-owner -tv"#, path).split(separator: "\n")
            let names = lines.map { $0.split(separator: " ").dropFirst(5).joined(separator: " ") }
            #expect(Set(names).count == names.count, "a layer has a member twice")
            for (line, name) in zip(lines, names) {
                let words = line.split(separator: " ")
                let path = name.hasSuffix("/") ? String(name.dropLast()) : name
                let value = "\(words[0]) \(words[1])"
                // The same directory is the same in every layer.
                if words[0].hasPrefix("d") { #expect(listing[path].map { $0 == value } ?? true, "\(path)") }
                listing[path] = value
            }
        }
        return (listing, layout)
    }

    @Test(
        "that a base has keeps its owner and mode, and links of the base are followed",
        arguments: [0, 1000]
    )
    func kept(owner: Int) async throws {
        let own = "\(owner)/\(owner)"
        let (listing, layout) = try await build(
            "/root/.cache/go-build",
            "/var/cache/go-mod",
            above: base,
            owner: owner
        )
        #expect(listing["root -> var/roothome"] != nil)
        #expect(listing["root"] == nil, "the link is not replaced")
        #expect(listing["var/roothome"] == "drwx------ 3/3")
        #expect(listing["var/roothome/.cache"] == "drwxr-xr-x \(own)")
        #expect(listing["var/roothome/.cache/go-build"] == "drwxr-xr-x \(own)")
        #expect(listing["data/cache"] == "drwxrwxr-x 4/4")
        #expect(listing["data/cache/go-mod"] == "drwxrwxrwx \(own)")
        #expect(layout.environment.contains("GOCACHE=/root/.cache/go-build"))
        #expect(layout.environment.contains("GOMODCACHE=/var/cache/go-mod"))
        let home = try await build("/home/u/.cache/go-build", "/go/pkg/mod", above: base, owner: owner)
            .listing
        #expect(home["home/u"] == "drwx------ 7/7")
        #expect(home["go"] == "drwxrwxrwt 0/0")
        #expect(home["go/pkg"] == "drwxr-xr-x \(own)")
    }

    @Test("can't be where a base has a file, or a link that leads nowhere: the error names the path")
    func obstacles() async throws {
        for (build, name) in [
            ("/var/file/x", "/var/file"), ("/var/file", "/var/file"), ("/var/dangling/x", "/nowhere"),
            ("/var/loop/x", "/var/loop"),
        ] {
            let error = await failure { try await self.build(FilePath(build), nil, above: base) }
            #expect(error?.code == .badArgument)
            #expect(error?.message.contains("`\(name)`") == true)
            #expect(error?.path == bench.path("base"))
            #expect(error?.remedy == .chooseCachePath)
        }
        let inside: [[ImageFixture.File]] = [[.directory("c"), .link("c/00", to: "/tmp")]]
        let error = await failure { try await self.build("/c", nil, above: inside) }
        #expect(error?.message.contains("`/c/00`") == true)
        #expect(!Files.exists(bench.path("image")))
    }

    @Test("of GOMODCACHE outside of trees lets any user add modules, unless the profile is readonly")
    func modules() async throws {
        let files = ["lock", "info", "mod", "ziphash"].map {
            "m/cache/download/example.com/m/@v/v1.0.0.\($0)"
        }
        for (profile, directory, file) in [
            (CacheProfile.image, "drwxrwxrwx 0/0", "-rw-rw-rw- 0/0"),
            (.readonly, "drwxr-xr-x 0/0", "-rw-r--r-- 0/0"),
        ] {
            let listing = try await build("/b", "/m", profile: profile).listing
            for path in [
                "m", "m/cache", "m/cache/download", "m/cache/download/example.com/m/@v", "m/example.com",
            ] {
                #expect(listing[path] == directory, "\(path)")
            }
            for path in files + ["m/cache/download/example.com/m/@v/list"] {
                #expect(listing[path] == file, "\(path)")
            }
            #expect(listing["m/example.com/m@v1.0.0"] == "dr-xr-xr-x 0/0")
            #expect(listing["m/example.com/m@v1.0.0/go.mod"] == "-r--r--r-- 0/0")
        }
    }

    @Test("may be both caches, and one cache may lie in the other", arguments: [false, true])
    func nested(splits: Bool) async throws {
        let places: [(FilePath, FilePath)] = [
            ("/c", "/c"), ("/c/cache", "/c"), ("/c", "/c/mod"), ("/c/build", "/c"), ("/c", "/c/3f"),
        ]
        for (build, module) in splits ? places[..<2] : places[...] {
            let (listing, layout) = try await self.build(build, module, splits: splits)
            #expect(listing[String(module.string.dropFirst())] == "drwxrwxrwx 0/0")
            let target = bench.path("unpacked \(splits) \(build) \(module)".replacing("/", with: "_"))
            try layout.unpack(to: target)
            let repacked = try await bench.pack(
                GoCaches(
                    buildCache: target.appending(build.components),
                    moduleCache: target.appending(module.components)
                ),
                to: "repacked \(target.lastComponent?.string ?? "")"
            )
            #expect(try bench.contents(repacked.path).digest == bench.contents(archive).digest)
        }
        // Two links of a base may make one directory of two.
        let links: [[ImageFixture.File]] = [[.directory("x"), .link("y", to: "x")]]
        _ = try await self.build("/x/c", "/y/c", above: links, splits: splits)
    }

    @Test("with versions of a module in the base lists those versions too")
    func versions() async throws {
        let files: [ImageFixture.File] = [.file("m/cache/download/example.com/m/@v/v0.9.0.mod")]
        let layout = try await build(nil, "/m", above: [files]).layout
        try layout.unpack(to: bench.path("out"))
        let list = try Files.bytes(bench.path("out/m/cache/download/example.com/m/@v/list"))
        #expect(String(decoding: list, as: UTF8.self) == "v0.9.0\nv1.0.0\n")
    }
}
