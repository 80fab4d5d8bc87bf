import SystemPackage
import Testing

@testable import CacheStore

/// Tests of bases that were made to mislead, or to take time and memory.
@Suite("A hostile base")
struct HostileBaseTests {
    /// Files that are all in the layout before they are brought: what is brought is hidden at first.
    private actor HiddenFiles: BaseFiles {
        private let blobs: FilePath
        private(set) var brought: [ObjectID] = []

        init(_ layout: FilePath, hiding names: [String]) throws {
            blobs = layout.appending("blobs/sha256")
            for name in names {
                let path = blobs.appending(name)
                try Files.write(try Files.bytes(path), to: FilePath(path.string + ".hidden"))
                try Files.remove(path)
            }
        }

        private func bring(_ digest: ObjectID) throws {
            brought.append(digest)
            let path = blobs.appending(digest.description)
            let hidden = FilePath(path.string + ".hidden")
            if Files.exists(hidden) { try Files.write(try Files.bytes(hidden), to: path) }
        }

        func bring(manifest digest: ObjectID) async throws { try bring(digest) }

        func bring(
            blobs: [(digest: ObjectID, byteCount: Int)],
            _ progress: @escaping @Sendable (Int) -> Void
        ) async throws {
            for blob in blobs { try bring(blob.digest) }
        }
    }

    private let bench: Workbench
    private let archive: FilePath
    private let fixture: ImageFixture
    private let tar = ImageFixture.tar([.directory("var"), .file("var/f", "text")])

    init() async throws {
        bench = try Workbench()
        var model = CacheModel()
        model.addPair("one", [1, 2, 3])
        archive = try await bench.packBuildCache(model, as: "job", to: "pack") {
            $0.environment = GoEnvironment(variables: ["GOARCH": "arm64", "GOVERSION": "go1.25.5"])
        }.path
        fixture = ImageFixture(bench.path("base"))
    }

    @discardableResult private func build(_ files: HiddenFiles? = nil) async throws -> Layers.Report {
        var options = Layers.Options()
        options.base = Layers.Options.BaseReference(layout: bench.path("base"))
        options.overwrite = true
        var layers = Layers(options: options)
        layers.baseFiles = files
        return try await layers.run(Archive(opening: archive), to: bench.path("image"))
    }

    /// Writes a base of one layer whose configuration states anything.
    private func base(
        _ blob: [UInt8],
        _ type: String = "",
        rootfs: [String: Any]? = nil,
        environment: Any = ["PATH=/bin"]
    ) throws {
        let right = ["sha256:\(ContentHasher.hash(tar.span))"]
        let configuration: [String: Any] = [
            "architecture": "arm64", "config": ["Env": environment],
            "rootfs": rootfs ?? ["diff_ids": right],
        ]
        let manifest: [String: Any] = [
            "config": try fixture.document(configuration, ImageFixture.Types.oci.configuration),
            "layers": [try fixture.blob(blob, ImageFixture.Types.oci.layer + type)],
        ]
        try fixture.finish([try fixture.document(manifest, ImageFixture.Types.oci.manifest)])
    }

    // MARK: - Content

    @Test("whose layer has another content than its configuration states is refused, in every form")
    func content() async throws {
        for form in ImageFixture.Form.allCases {
            let suffix = form == .plain ? "" : "+\(form.rawValue)"
            try base(try ImageFixture.compress(tar, form), suffix)
            try await build()
            let other = ImageFixture.tar([.directory("var"), .file("var/f", "next")])
            try base(try ImageFixture.compress(other, form), suffix)
            let error = await failure { try await build() }
            #expect(error?.code == .corruptArchive, "\(form)")
            #expect(error?.summary.contains("SHA-256 in the configuration") == true)
        }
    }

    @Test("that names its layers by no SHA-256, by too many or by two, is refused")
    func names() async throws {
        let right = "sha256:\(ContentHasher.hash(tar.span))"
        for rootfs: [String: Any] in [
            ["diff_ids": ["x"]], ["diff_ids": [String(right.dropLast())]], ["diff_ids": [right.uppercased()]],
            ["diff_ids": ["sha512:" + right.dropFirst(7)]], ["diff_ids": [right, right]],
            ["diff_ids": [String]()], ["diff_ids": [right, 1]], ["diff_ids": right], [:],
        ] {
            try base(tar, rootfs: rootfs)
            #expect(await failure { try await build() }?.code == .corruptArchive, "\(rootfs)")
        }
        let layer = try fixture.blob(tar, ImageFixture.Types.oci.layer)
        let other = "sha256:" + String(repeating: "0", count: 64)
        let configuration: [String: Any] = ["architecture": "arm64", "rootfs": ["diff_ids": [right, other]]]
        let manifest: [String: Any] = [
            "config": try fixture.document(configuration, ImageFixture.Types.oci.configuration),
            "layers": [layer, layer],
        ]
        try fixture.finish([try fixture.document(manifest, ImageFixture.Types.oci.manifest)])
        #expect(await failure { try await build() }?.code == .corruptArchive)
    }

    @Test("with an environment that is no list of strings is refused")
    func environment() async throws {
        for environment: Any in ["PATH=/bin", ["PATH=/bin", 1] as [Any], ["PATH": "/bin"], 7] {
            try base(tar, environment: environment)
            let error = await failure { try await build() }
            #expect(error?.code == .corruptArchive && error?.message.contains("`Env`") == true)
        }
    }

    @Test("with bytes after the last member of a layer is refused, and a further member is none")
    func rest() async throws {
        for form in [ImageFixture.Form.gzip, .zstd] {
            let whole = try ImageFixture.compress(tar, form)
            for rest: [UInt8] in [
                [0], [UInt8](repeating: 0, count: 512), [7], Array("more than four".utf8), [0x1F], [0x28],
                Array(whole.dropLast()),
            ] {
                try base(whole + rest, "+\(form.rawValue)")
                let error = await failure { try await build() }
                #expect(error?.code == .corruptArchive, "\(form) \(rest.prefix(9))")
            }
            let parts = try [tar.prefix(700), tar.dropFirst(700)].map {
                try ImageFixture.compress(Array($0), form)
            }
            try base(Array(parts.joined()), "+\(form.rawValue)")
            try await build()
        }
    }

    // MARK: - Fetching

    @Test("of 16 images without platforms is fetched, each document once, and of one more nothing is")
    func unknownPlatforms() async throws {
        let images = try (0..<17).map { number in
            try fixture.image(number == 15 ? "arm64" : "s390x") { $0["author"] = "\(number)" }
        }
        let names = images.map { String(($0["digest"] as? String ?? "").dropFirst("sha256:".count)) }
        try fixture.finish(Array(images.prefix(16)))
        let files = try HiddenFiles(bench.path("base"), hiding: Array(names.prefix(16)))
        try await build(files)
        let brought = await files.brought
        #expect(Set(brought).count == brought.count && brought.count == 17, "16 manifests and a layer")
        try fixture.finish([try fixture.index(images.map { $0.merging(["size": 9]) { $1 } })])
        let others = try HiddenFiles(bench.path("base"), hiding: [])
        for name in names { try Files.remove(bench.path("base/blobs/sha256/\(name)")) }
        let error = await failure { try await build(others) }
        #expect(error?.code == .badArgument)
        #expect(error?.message.contains("17 images") == true, "\(error?.summary ?? "")")
        #expect(error?.message.contains("name one by its digest") == true)
        #expect(await others.brought.isEmpty)
    }

    @Test("of too many layers is refused before any layer is fetched")
    func layers() async throws {
        let image = try fixture.image("arm64", layers: (0..<127).map { [.directory("d\($0)")] })
        try fixture.finish([image])
        let files = try HiddenFiles(bench.path("base"), hiding: [])
        let error = await failure { try await build(files) }
        #expect(error?.code == .badArgument && error?.remedy == .flattenBase)
        #expect(error?.message.contains("127 layers") == true)
        #expect(await files.brought.isEmpty)
    }

    // MARK: - Messages

    @Test("puts no more than the beginnings of its words into messages, without control characters")
    func words() async throws {
        let long = "x\u{1B}\u{7F}\n" + String(repeating: "long", count: 20_000)
        let image = try fixture.image("arm64")
        let manifest = ["config": ["mediaType": "x"], "artifactType": long] as [String: Any]
        var tops = [[try fixture.document(manifest, ImageFixture.Types.oci.manifest)]]
        tops.append([try fixture.document(["layers": [Any]()], long)])
        tops.append([image.merging(["platform": ["os": long, "architecture": long]]) { $1 }])
        tops.append(
            try [0, 1].map { number in
                ImageFixture.tagged(long, try fixture.image("arm64") { $0["author"] = "\(number)" })
            }
        )
        for top in tops {
            try fixture.finish(top)
            let error = try #require(await failure { try await build() })
            #expect(error.message.utf8.count < 1000 && error.message.contains("…"), "\(error.code)")
            #expect(!error.message.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F })
        }
        try base(tar, "+" + long)
        let error = try #require(await failure { try await build() })
        #expect(error.message.utf8.count < 1000 && error.message.contains("…"))
        let variables = ["GOCACHEPROG=\(long)", "GOFLAGS=-\(long)", "CC=\(long)", "GOMODCACHE=/\(long)"]
        try base(tar, environment: variables)
        for warning in try await build().warnings {
            #expect(warning.message.utf8.count < 2000, "\(warning.code)")
        }
    }

    @Test("is quoted by an excerpt: 200 characters, and an ellipsis only where more follows")
    func excerpt() {
        let exact = String(repeating: "ä", count: 200)
        #expect(exact.excerpt == exact && "\(exact)\n".excerpt == exact && "\(exact)b".excerpt == exact + "…")
        #expect("a\u{1B}[31m\u{9B}\r\n b".excerpt == "a[31m b")
        #expect("".excerpt.isEmpty)
    }
}
