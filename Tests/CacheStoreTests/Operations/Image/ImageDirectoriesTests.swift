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
    /// tar lists them; the same of the layers above the base; and the warnings about closed directories.
    private func build(
        _ build: FilePath?,
        _ module: FilePath?,
        above layers: [[ImageFixture.File]]? = nil,
        owner: Int = 0,
        splits: Bool = false,
        profile: CacheProfile = .image
    ) async throws -> (
        listing: [String: String], layout: ImageLayout, own: [String: String], warnings: [Warning]
    ) {
        if let layers {
            let fixture = ImageFixture(bench.path("base"))
            try fixture.finish([try fixture.image(layers: layers)])
        }
        let (layout, report) = try await bench.image(archive, to: "image") {
            $0.caches = GoCaches(buildCache: build, moduleCache: module)
            $0.owner = FileOwner(user: owner, group: owner)
            ($0.splits, $0.overwrite, $0.compression, $0.profile) = (splits, true, .gzip, profile)
            if layers != nil { $0.base = Layers.Options.BaseReference(layout: bench.path("base")) }
        }
        try layout.check()
        var listing: [String: String] = [:]
        var own: [String: String] = [:]
        for (number, digest) in layout.digests.enumerated() {
            let path = layout.path.appending("blobs/sha256/\(digest.dropFirst(7))").string
            let lines = try shell(#"gzip -dc <"$0" | tar --numeric-owner -tv"#, path).split(separator: "\n")
            let names = lines.map { $0.split(separator: " ").dropFirst(5).joined(separator: " ") }
            #expect(Set(names).count == names.count, "a layer has a member twice")
            for (line, name) in zip(lines, names) {
                let words = line.split(separator: " ")
                let path = name.hasSuffix("/") ? String(name.dropLast()) : name
                let value = "\(words[0]) \(words[1])"
                // The same directory is the same in every layer.
                if words[0].hasPrefix("d") { #expect(own[path].map { $0 == value } ?? true, "\(path)") }
                listing[path] = value
                if number >= report.baseLayers { own[path] = value }
            }
        }
        return (listing, layout, own, report.warnings.filter { $0.code == .closedDirectory })
    }

    @Test(
        "that a base has keeps its owner and mode, and links of the base are followed",
        arguments: [0, 1000]
    )
    func kept(owner: Int) async throws {
        let own = "\(owner)/\(owner)"
        let (listing, layout, _, _) = try await build(
            "/root/.cache/go-build",
            "/var/cache/go-mod",
            above: base,
            owner: owner
        )
        #expect(listing["root -> var/roothome"] != nil)
        #expect(listing["root"] == nil, "the link is not replaced")
        #expect(listing["var/roothome"] == "drwx------ 3/3")
        #expect(listing["var/roothome/.cache"] == "drwxr-xr-x \(own)")
        #expect(listing["var/roothome/.cache/go-build"] == "drwxrwxrwx \(own)")
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
        #expect(error?.message.contains("symbolic link at `/c/00`") == true)
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

    /// The caches of another user, with modes that keep all others out.
    private let closed: [[ImageFixture.File]] = [
        [
            .directory("b", 0o700, owner: 5), .directory("b/00", 0o700, owner: 5),
            .directory("b/01", 0o1755, owner: 5), .directory("m", 0o700, owner: 6),
            .directory("m/cache", 0o2700, owner: 6), .directory("m/cache/download", 0o1700, owner: 6),
            .directory("m/cache/download/x.org", 0o700, owner: 6), .directory("m/cache/vcs", 0o700),
            .directory("m/cache/vcs/clone", 0o700), .directory("m/example.com", 0o555, owner: 6),
            .directory("m/x.org", 0o700), .directory("m/x.org/m@v1.0.0", 0o500),
            .directory("m/x.org/m@v1.0.0/d", 0o500), .directory("m/mine", 0o700),
            .directory("m/cache/download/x.org/@v", 0o700),
            .directory("m/cache/download/x.org/@v/list", 0o700),
        ]
    ]

    @Test(
        "in a cache of the base lets in all users, and keeps its owner",
        arguments: [(CacheProfile.image, false), (.image, true), (.readonly, false)]
    )
    func opened(profile: CacheProfile, splits: Bool) async throws {
        let listing = try await build("/b", "/m", above: closed, owner: 9, splits: splits, profile: profile)
            .own
        let isImage = profile == .image
        for (path, value) in [
            ("b", isImage ? "drwxrwxrwx 5/5" : "drwxr-xr-x 5/5"),
            ("b/00", isImage ? "drwx-wx-wx 5/5" : "drwx--x--x 5/5"),
            ("b/02", isImage ? "drwx-wx-wx 9/9" : "drwx--x--x 9/9"),
            ("m", isImage ? "drwxrwxrwx 6/6" : "drwxr-xr-x 6/6"),
            ("m/cache", isImage ? "drwxrwsrwx 6/6" : "drwxr-sr-x 6/6"),
            ("m/cache/download", isImage ? "drwxrwxrwx 6/6" : "drwxr-xr-x 6/6"),
            ("m/example.com", isImage ? "drwxrwxrwx 6/6" : "drwxr-xr-x 6/6"),
        ] { #expect(listing[path] == value, "\(path)") }
        for (path, value) in [
            ("m/cache/download/x.org", "drwxrwxrwx 6/6"), ("m/cache/download/x.org/@v", "drwxrwxrwx 0/0"),
            ("m/cache/vcs", "drwxrwxrwx 0/0"), ("m/x.org", "drwxrwxrwx 0/0"),
        ] {
            let readable = value.replacing("rwxrwxrwx", with: "rwxr-xr-x")
            #expect(listing[path] == (isImage ? value : readable), "\(path)")
        }
        // Trees, clones, what is no module, and what stands for a file stay as they are.
        for path in [
            "m/cache/vcs/clone", "m/x.org/m@v1.0.0", "m/x.org/m@v1.0.0/d", "m/mine",
            "m/cache/download/x.org/@v/list",
        ] { #expect(listing[path] == nil, "\(path)") }
    }

    @Test("above a cache that keeps other users out stays as it is, and a warning says so")
    func outside() async throws {
        let image = try await build("/root/.cache/go-build", "/home/u/go/pkg/mod", above: base)
        #expect(image.listing["home/u"] == "drwx------ 7/7")
        #expect(image.warnings.map { $0.message.prefix { $0 != " " } } == ["`/home/u`", "`/var/roothome`"])
        #expect(image.warnings.allSatisfy { $0.remedy == .chooseCachePath && $0.message.contains("700") })
        #expect(try await build("/b", "/go/pkg/mod", above: base).warnings.isEmpty)
        #expect(try await build("/b", "/m", above: closed).warnings.isEmpty)
        #expect(try await build("/b", "/m").warnings.isEmpty)
        #expect(
            try await build("/root/b", "/root/m").warnings.map(\.message).first?.hasPrefix("`/root`") == true
        )
        let top: [[ImageFixture.File]] = [[.directory(".", 0o750)]]
        #expect(
            try await build("/b", nil, above: top).warnings.map(\.message).first?.hasPrefix("`/`") == true
        )
    }

    @Test("with empty locks of another user in the base has the locks again, so that all users can lock")
    func locks() async throws {
        let listing = try await build("/b", "/m", above: [[.file("m/cache/lock")]]).own
        #expect(listing["m/cache/lock"] == "-rw-rw-rw- 0/0")
        #expect(try await build("/b", "/m", above: [[.directory("m/cache")]]).listing["m/cache/lock"] == nil)
    }

    @Test("may be both caches, and one cache may lie in the other", arguments: [false, true])
    func nested(splits: Bool) async throws {
        let places: [(FilePath, FilePath)] = [
            ("/c", "/c"), ("/c/cache", "/c"), ("/c", "/c/mod"), ("/c/build", "/c"), ("/c", "/c/3f"),
        ]
        for (build, module) in splits ? places[..<2] : places[...] {
            let (listing, layout, _, _) = try await self.build(build, module, splits: splits)
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
