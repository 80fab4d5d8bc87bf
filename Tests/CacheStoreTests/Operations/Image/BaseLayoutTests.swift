import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of choosing the base among the images of a layout.
@Suite("The base in a layout")
struct BaseLayoutTests {
    private let bench: Workbench
    private let archive: FilePath
    private let fixture: ImageFixture

    init() async throws {
        bench = try Workbench()
        var model = CacheModel()
        model.addPair("one", [1, 2, 3])
        archive = try await bench.packBuildCache(model, as: "job", to: "pack") {
            $0.environment = GoEnvironment(variables: ["GOARCH": "arm64", "GOVERSION": "go1.25.5"])
        }.path
        fixture = ImageFixture(bench.path("base"))
    }

    /// Writes an image upon the base, and returns its layout and the digest of the base that it names.
    private func build(
        _ architecture: String? = nil,
        tag: String? = nil
    ) async throws -> (layout: ImageLayout, base: String?) {
        var options = Layers.Options()
        options.base = Layers.Options.BaseReference(layout: bench.path("base"), tag: tag)
        (options.architecture, options.overwrite) = (architecture, true)
        try await Layers(options: options).run(Archive(opening: archive), to: bench.path("image"))
        let layout = try ImageLayout(bench.path("image"))
        try layout.check()
        let annotations = layout.manifest["annotations"] as? [String: String]
        return (layout, annotations?["org.opencontainers.image.base.digest"])
    }

    private func digest(_ descriptor: ImageFixture.Descriptor) -> String? { descriptor["digest"] as? String }

    @Test("is the image, and not its attestation, nor the same image under another tag")
    func oneImage() async throws {
        let image = try fixture.image("arm64")
        let attestation = try fixture.attestation(of: image)
        var artifact = attestation
        artifact["annotations"] = nil
        artifact["platform"] = nil
        let typed = image.merging(["artifactType": "application/x", "digest": attestation["digest"] ?? ""]) {
            $1
        }
        for tops in [
            [image, attestation], [attestation, image], [image, artifact], [typed, image],
            [try fixture.index([ImageFixture.on("arm64", nil, image), attestation])],
            [ImageFixture.tagged("v1", image), ImageFixture.tagged("latest", image)],
            [try fixture.index([try fixture.index([image]), try fixture.index([image, artifact])])],
        ] {
            try fixture.finish(tops)
            #expect(try await build().base == digest(image))
        }
    }

    @Test("is found by an index in an index, for the architecture that is asked for, or else of the sources")
    func platforms() async throws {
        let amd64 = try fixture.image("amd64")
        let arm64 = try fixture.image("arm64")
        let inner = try [amd64, arm64].map { try fixture.index([$0, fixture.attestation(of: $0)]) }
        try fixture.finish([ImageFixture.tagged("v1", try fixture.index(inner))])
        #expect(try await build().base == digest(arm64))
        #expect(try await build("amd64").base == digest(amd64))
        #expect(try await build("arm64", tag: "v1").base == digest(arm64))
        let error = await failure { try await build("s390x") }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("`v1` (linux/amd64), `v1` (linux/arm64)") == true)
    }

    @Test("is of the highest variant that the wanted one can run")
    func variants() async throws {
        let images = try ["v5", "v6", "v7"].map { variant in
            try fixture.image("arm") { $0["variant"] = variant }
        }
        let levels = zip(["v5", "v6", "v7"], images).map { ImageFixture.on("arm", $0, $1) }
        let arm64 = try fixture.image("arm64")
        try fixture.finish([try fixture.index([ImageFixture.on("arm64", "v8", arm64)] + levels)])
        #expect(try await build().base == digest(arm64))
        #expect(try await build("arm64/v8").base == digest(arm64))
        #expect(try await build("arm").base == digest(images[2]))
        #expect(try await build("arm/v6").base == digest(images[1]))
        #expect(try await build("arm/v6").layout.configuration["variant"] as? String == "v6")
        try fixture.finish([levels[2]])
        let error = await failure { try await build("arm/v6") }
        #expect(error?.code == .badArgument)
        #expect(error?.message.contains("linux/arm/v7") == true)
        // A base may be for newer processors than the sources ask for.
        let newer = try fixture.image("amd64") { $0["variant"] = "v3" }
        try fixture.finish([try fixture.index([ImageFixture.on("amd64", "v3", newer), levels[0]])])
        #expect(try await build("amd64").base == digest(newer))
    }

    @Test("is found by its tag alone or in its full name")
    func tags() async throws {
        let one = try fixture.image("arm64")
        let two = try fixture.image("arm64") { $0["author"] = "x" }
        let full = ImageFixture.tagged("docker.io/library/golang:1.25", one)
        try fixture.finish([full, ImageFixture.tagged("1.24", two)])
        for (tag, image) in [
            ("1.25", one), ("docker.io/library/golang:1.25", one), ("1.24", two),
            ("example.com:5000/go:1.24", two),
        ] {
            #expect(try await build(tag: tag).base == digest(image))
        }
        let missing = await failure { try await build(tag: "1.2") }
        #expect(missing?.code == .notFound)
        #expect(missing?.message.contains("its tags: 1.24, docker.io/library/golang:1.25") == true)
        let several = await failure { try await build() }
        #expect(several?.code == .badArgument)
        #expect(several?.message.contains("`1.24` (linux/arm64)") == true)
        try fixture.finish([one])
        let none = await failure { try await build(tag: "x") }
        #expect(none?.remedy == .omitTag)
    }

    @Test("may have Docker's media types or none, and layers in any form: the image has OCI's types")
    func types() async throws {
        let oci = "application/vnd.oci.image.layer.v1.tar"
        for form in ImageFixture.Form.allCases {
            for types in [ImageFixture.Types.oci, .docker] {
                var fixture = fixture
                fixture.types = types
                let image = try fixture.image("arm64", form: form)
                let list = try fixture.index([ImageFixture.on("arm64", nil, image)])
                for top in [image, list, image.filter { $0.key != "mediaType" }] {
                    try fixture.finish([top])
                    let built = try await build()
                    #expect(built.base == digest(image))
                    let suffix = form == .plain ? "" : "+\(form.rawValue)"
                    #expect(built.layout.layers[0]["mediaType"] as? String == oci + suffix)
                }
            }
        }
    }

    @Test("may list images of other platforms whose files it does not hold")
    func absent() async throws {
        let image = try fixture.image("arm64")
        let other = image.merging(["digest": "sha256:" + String(repeating: "0", count: 64)]) { $1 }
        let list = try fixture.index([
            ImageFixture.on("amd64", nil, other), ImageFixture.on("arm64", nil, image),
        ])
        try fixture.finish([list])
        #expect(try await build().base == digest(image))
        let error = await failure { try await build("amd64") }
        #expect(error?.code == .notFound)
        #expect(error?.message.contains("does not hold its files") == true)
    }

    @Test("that is no image is refused by the name of what it is")
    func others() async throws {
        let image = try fixture.image("arm64")
        let attestation = try fixture.attestation(of: image)
        let windows = try fixture.image("arm64") { $0["os"] = "windows" }
        let old = try fixture.document(["schemaVersion": 1, "fsLayers": []], "application/vnd.docker.x.v1")
        for (tops, code, words) in [
            ([attestation], .notFound, "no image"), ([], .notFound, "no image"),
            ([windows], .badArgument, "windows/arm64"), ([old], .badArgument, "application/vnd.docker.x.v1"),
        ] as [([ImageFixture.Descriptor], CacheStoreError.Code, String)] {
            try fixture.finish(tops)
            let error = await failure { try await build() }
            #expect(error?.code == code)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "")")
        }
        // Each index holds the one before twice: only a loop over distinct indexes ends.
        var nested = try fixture.index([image])
        for _ in 0..<12 { nested = try fixture.index([nested, nested]) }
        try fixture.finish([nested])
        #expect(try await build().base == digest(image))
        for _ in 0..<12 { nested = try fixture.index([nested]) }
        try fixture.finish([nested])
        let deep = await failure { try await build() }
        #expect(deep?.code == .corruptArchive)
        try Files.remove(bench.path("base/index.json"))
        let missing = await failure { try await build() }
        #expect(missing?.remedy == .convertBase)
    }

    @Test("with a descriptor of another size than the blob's is refused, whichever blob it is")
    func sizes() async throws {
        func wrong(_ descriptor: Any?) -> ImageFixture.Descriptor {
            var result = descriptor as? ImageFixture.Descriptor ?? [:]
            result["size"] = (result["size"] as? Int ?? 0) + 1
            return result
        }
        let image = try fixture.image("arm64", layers: [[.directory("a")], [.directory("a")]])
        for descriptor in [wrong(image), image.merging(["size": Int.max]) { $1 }] {
            try fixture.finish([descriptor])
            #expect(await failure { try await build() }?.code == .corruptArchive)
        }
        try fixture.finish([image])
        let manifest = try ImageLayout(bench.path("base")).manifest
        let layers = try #require(manifest["layers"] as? [ImageFixture.Descriptor])
        let type = ImageFixture.Types.oci.manifest
        for change in [
            ["config": wrong(manifest["config"])], ["layers": [wrong(layers[0]), layers[1]]],
            ["layers": [layers[0], wrong(layers[1])]], ["layers": layers.map(wrong)],
            ["layers": layers.map { $0.merging(["size": Int.max]) { $1 } }],
        ] as [[String: Any]] {
            try fixture.finish([try fixture.document(manifest.merging(change) { $1 }, type)])
            #expect(await failure { try await build() }?.code == .corruptArchive)
        }
    }

    @Test(
        "whose layer has another type than its content is refused, and content in a descriptor is not copied"
    )
    func layerTypes() async throws {
        let image = try fixture.image("arm64", layers: [[.directory("a")]])
        try fixture.finish([image])
        let manifest = try ImageLayout(bench.path("base")).manifest
        let layer = try #require((manifest["layers"] as? [ImageFixture.Descriptor])?.first)
        func build(with changes: [String: Any]) async throws -> ImageLayout {
            let changed = manifest.merging(["layers": [layer.merging(changes) { $1 }]]) { $1 }
            try fixture.finish([try fixture.document(changed, ImageFixture.Types.oci.manifest)])
            return try await self.build().layout
        }
        let right = try #require(layer["mediaType"] as? String)
        for ending in ["", "+gzip", "+zstd"] {
            let type = "application/vnd.oci.image.layer.v1.tar\(ending)"
            guard type != right else { continue }
            let error = await failure { try await build(with: ["mediaType": type]) }
            #expect(error?.code == .corruptArchive && error?.message.contains(type) == true, "\(type)")
        }
        let layers = try await build(with: ["data": "eA=="]).manifest["layers"] as? [ImageFixture.Descriptor]
        #expect(layers?.first?["digest"] as? String == layer["digest"] as? String)
        #expect(layers?.first?["data"] == nil)
    }

    @Test("whose layer is cut short or no tar stream is refused by the name of the blob")
    func layers() async throws {
        let tar = ImageFixture.tar([.directory("a"), .file("a/f")])
        var random = SeededBytes(seed: 361)
        for bytes in [
            Array(try ImageFixture.compress(tar, .gzip).dropLast(9)),
            Array(try ImageFixture.compress(tar, .zstd).dropLast(9)), Array(tar.prefix(700)),
            random.bytes(3000),
            [0x1F, 0x8B] + random.bytes(100), [0x28, 0xB5, 0x2F, 0xFD] + random.bytes(100), [7],
        ] {
            let blob = try fixture.blob(bytes, "application/vnd.oci.image.layer.v1.tar")
            let configuration: [String: Any] = [
                "architecture": "arm64",
                "rootfs": ["diff_ids": ["sha256:\(ContentHasher.hash(tar.span))"]],
            ]
            let manifest: [String: Any] = [
                "config": try fixture.document(configuration, ImageFixture.Types.oci.configuration),
                "layers": [blob],
            ]
            try fixture.finish([try fixture.document(manifest, ImageFixture.Types.oci.manifest)])
            let error = await failure { try await build() }
            #expect(error?.code == .corruptArchive)
            #expect("sha256:\(error?.path?.lastComponent?.string ?? "")" == digest(blob))
        }
        #expect(!Files.exists(bench.path("image")))
    }

    @Test("with no settings, null settings, or a history that does not fit makes an image that is sound")
    func configurations() async throws {
        let changes: [(inout [String: Any]) -> Void] = [
            { $0["config"] = nil }, { $0["config"] = NSNull() },
            { $0["config"] = ["Env": [String]()] },
            { $0["history"] = [["created_by": "a"], ["created_by": "b"]] },
            { $0["history"] = [["created_by": "a", "empty_layer": true]] },
        ]
        for change in changes {
            try fixture.finish([try fixture.image("arm64", configure: change)])
            let layout = try await build().layout
            #expect(layout.environment.contains("GOCACHE=/var/cache/go-build"))
        }
    }
}
