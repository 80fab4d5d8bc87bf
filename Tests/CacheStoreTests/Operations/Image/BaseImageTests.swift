import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of images that are built upon a base.
@Suite("An image upon a base")
struct BaseImageTests {
    private let bench: Workbench
    private let archive: FilePath

    init() async throws {
        bench = try Workbench()
        let model = try RandomCaches(seed: 321, jobs: 1, pairs: 40).jobs[0]
        archive = try await bench.pack(model, to: "pack").path
        // The content of the base does not matter: any image will do.
        try await bench.image(archive, to: "base") {
            $0.caches = GoCaches(buildCache: nil, moduleCache: "/base/mod")
            $0.tag = "bookworm"
        }
        try change("base", "config") { configuration in
            configuration["created"] = "2026-01-02T03:04:05Z"
            configuration["author"] = "somebody"
            configuration["config"] = [
                "Cmd": ["bash"], "Env": ["PATH=/bin", "GOCACHE=/old", "GOCACHEX=1"], "User": "1000",
                "Labels": ["a": "ä"], "ExposedPorts": ["80/tcp": [:]],
            ]
        }
    }

    /// Changes a document of a layout, and all digests that depend on the document.
    private func change(_ name: String, _ document: String, _ body: (inout [String: Any]) -> Void) throws {
        let layout = try ImageLayout(bench.path(name))
        var configuration = layout.configuration
        var manifest = layout.manifest
        if document == "config" { body(&configuration) }
        manifest["config"] = try add(configuration, to: name, like: manifest["config"])
        if document == "manifest" { body(&manifest) }
        var index = layout.index
        var entries = try #require(index["manifests"] as? [[String: Any]])
        let changed = try add(manifest, to: name, like: entries[0])
        entries[0] = try #require(changed)
        index["manifests"] = entries
        if document == "index" { body(&index) }
        let text = try JSONSerialization.data(withJSONObject: index)
        try Files.write([UInt8](text), to: bench.path("\(name)/index.json"))
    }

    /// Writes a document as a blob, and returns its descriptor, made from that of another document.
    private func add(_ value: [String: Any], to name: String, like other: Any?) throws -> [String: Any]? {
        let bytes = [UInt8](try JSONSerialization.data(withJSONObject: value))
        let digest = ContentHasher.hash(bytes.span)
        try Files.write(bytes, to: bench.path("\(name)/blobs/sha256/\(digest)"))
        var descriptor = other as? [String: Any]
        descriptor?["digest"] = "sha256:\(digest)"
        descriptor?["size"] = bytes.count
        return descriptor
    }

    private func build(_ name: String = "image", tag: String? = nil, architecture: String? = nil)
        async throws -> (layout: ImageLayout, report: Layers.Report)
    {
        try await bench.image(archive, to: name) {
            $0.base = Layers.Options.BaseReference(layout: bench.path("base"), tag: tag)
            $0.architecture = architecture
        }
    }

    @Test("has the base's layers below its own, and keeps the rest of its configuration")
    func layers() async throws {
        let base = try ImageLayout(bench.path("base"))
        let image = try await build()
        try image.layout.check()
        #expect(image.report.baseLayers == 1)
        #expect(image.layout.digests.first == base.digests.first)
        #expect(image.layout.diffIDs.first == base.diffIDs.first)
        #expect(image.layout.digests.count == 3)
        let settings = try #require(image.layout.configuration["config"] as? [String: Any])
        #expect(settings["Cmd"] as? [String] == ["bash"])
        #expect(settings["User"] as? String == "1000")
        #expect(settings["Labels"] as? [String: String] == ["a": "ä"])
        #expect(image.layout.configuration["created"] as? String == "2026-01-02T03:04:05Z")
        #expect(image.layout.configuration["author"] as? String == "somebody")
        #expect(
            image.layout.environment == [
                "PATH=/bin", "GOCACHEX=1", "GOCACHE=/var/cache/go-build", "GOMODCACHE=/var/cache/go-mod",
            ]
        )
        let annotations = image.layout.manifest["annotations"] as? [String: String]
        let entries = base.index["manifests"] as? [[String: Any]]
        let digest = entries?.first?["digest"] as? String
        #expect(annotations?["org.opencontainers.image.base.digest"] == digest)
        try image.layout.unpack(to: bench.path("unpacked"))
        #expect(try Directory(opening: bench.path("unpacked")).names().valid == ["base", "var"])
    }

    @Test("whose files are missing or damaged is to be copied again, and the fault is told once")
    func damagedBlobs() async throws {
        let base = try ImageLayout(bench.path("base"))
        let layer = try #require(base.digests.first).dropFirst("sha256:".count)
        let settings = base.manifest["config"] as? [String: Any]
        let configuration = try #require(settings?["digest"] as? String).dropFirst("sha256:".count)
        for blob in [layer, configuration] {
            let path = bench.path("base/blobs/sha256/\(blob)")
            let bytes = try Files.bytes(path)
            try Files.remove(path)
            let missing = await failure { try await build() }
            #expect(missing?.code == .notFound && missing?.remedy == .copyBaseAgain && missing?.path == path)
            try Files.write(bytes.dropLast(), to: path)
            let short = await failure { try await build() }
            #expect(short?.code == .corruptArchive && short?.remedy == .copyBaseAgain && short?.path == path)
            try Files.write(bytes, to: path)
        }
        for failure: any Error in [ZstdError(code: 20), TarReader.Fault(description: "it is cut short")] {
            let error = try #require(LayerOperation.unreadable(failure, "/x") as? CacheStoreError)
            #expect(error.summary == "damaged image: the layer can't be read: `/x` (\(failure))")
        }
    }

    @Test("shares the files of the base's blobs, and copies them where it can't")
    func links() async throws {
        let image = try await build()
        let name = try #require(image.layout.digests.first).dropFirst("sha256:".count)
        let files = try ["base", "image"].map {
            try TreeSnapshot(of: bench.path("\($0)/blobs/sha256")).entries[String(name)]
        }
        #expect(files[0]?.inode == files[1]?.inode)
    }

    @Test("counts one history entry per layer, also above a base that has none")
    func history() async throws {
        try change("base", "config") { $0["history"] = nil }
        let image = try await build()
        try image.layout.check()
    }

    @Test("takes the image with the tag, or that of the architecture")
    func choice() async throws {
        _ = try await build("by tag", tag: "bookworm")
        let missing = await failure { try await build(tag: "trixie") }
        #expect(missing?.message.contains("`trixie`; its tags: bookworm") == true)
        #expect(missing?.code == .notFound)
        let manifest = try ImageLayout(bench.path("base")).manifest.merging(["annotations": [:]]) { $1 }
        let type = ["mediaType": "application/vnd.oci.image.manifest.v1+json"]
        let added = try add(manifest, to: "base", like: type)
        let other = try #require(added)
        try change("base", "index") { index in
            var entries = index["manifests"] as? [[String: Any]] ?? []
            entries.append(other)
            entries[1]["annotations"] = nil
            entries[1]["platform"] = ["architecture": "arm64", "os": "linux"]
            index["manifests"] = entries
        }
        let ambiguous = await failure { try await build() }
        #expect(ambiguous?.code == .badArgument)
        #expect(ambiguous?.remedy == .nameTagOrArchitecture)
        _ = try await build("by tag among two", tag: "bookworm")
        _ = try await build("by architecture", architecture: "amd64")
    }

    @Test("that can't be decoded for want of memory is not damaged, and the remedy is memory")
    func memory() throws {
        for failure: any Error in [ZlibError(code: -4), ZstdError(code: 64)] {
            let error = try #require(LayerOperation.unreadable(failure, "/x") as? CacheStoreError)
            #expect(error.code == .io)
            #expect(error.remedy == .freeMemory)
            #expect(error.path == "/x")
            #expect(error.isOfMachine)
        }
        let fault = TarReader.Fault(description: "")
        for failure: any Error in [ZlibError(code: -3), ZstdError(code: 20), fault] {
            let error = try #require(LayerOperation.unreadable(failure, "/x") as? CacheStoreError)
            #expect(error.code == .corruptArchive)
        }
        #expect(LayerOperation.unreadable(CancellationError(), "/x") is CancellationError)
    }

    @Test("for another architecture is refused")
    func architecture() async throws {
        let error = await failure { try await build(architecture: "arm64") }
        #expect(error?.code == .badArgument)
        #expect(error?.message.contains("amd64") == true)
    }

    @Test("that is damaged is refused, by name, and nothing is left")
    func damage() async throws {
        let before = try bench.names
        for blob in try ImageLayout(bench.path("base")).blobs {
            let path = bench.path("base/blobs/sha256/\(blob)")
            let whole = try Files.bytes(path)
            for damaged in [whole + [10], Array(whole.dropLast())] {
                try Files.write(damaged, to: path)
                guard try isUsed(blob) else { continue }
                let error = await failure { try await build() }
                #expect(error?.code == .corruptArchive)
                #expect(error?.path?.lastComponent?.string == blob)
            }
            try Files.write(whole, to: path)
        }
        for (document, body) in [
            ("manifest", { $0["layers"] = nil }), ("manifest", { $0["config"] = ["digest": "sha256:x"] }),
            ("config", { $0["rootfs"] = nil }),
            ("index", { $0["manifests"] = [["mediaType": "x", "digest": "sha256:../../x", "size": 1]] }),
        ] as [(String, (inout [String: Any]) -> Void)] {
            try shell(#"cp -a "$0" "$0.kept""#, bench.path("base").string)
            try change("base", document, body)
            let error = await failure { try await build() }
            #expect(error?.code == .corruptArchive)
            try shell(#"rm -r "$0" && mv "$0.kept" "$0""#, bench.path("base").string)
        }
        let error = await failure {
            try await bench.image(archive, to: "image") {
                $0.base = Layers.Options.BaseReference(layout: bench.path("nowhere"))
            }
        }
        #expect(error?.code == .notFound)
        #expect(try bench.names == before)
    }

    /// Returns whether the base still refers to a blob.
    ///
    /// The blobs of documents that a test has changed stay in the layout, but nothing refers to them.
    private func isUsed(_ blob: String) throws -> Bool {
        let index = try Files.bytes(bench.path("base/index.json"))
        let entries = try JSONSerialization.jsonObject(with: Data(index)) as? [String: Any]
        let manifests = entries?["manifests"] as? [[String: Any]] ?? []
        var used = manifests.compactMap { $0["digest"] as? String }
        for name in used {
            let path = bench.path("base/blobs/sha256/\(name.dropFirst("sha256:".count))")
            let text = String(decoding: try Files.bytes(path), as: UTF8.self)
            if text.contains(blob) { used.append("sha256:\(blob)") }
        }
        return used.contains("sha256:\(blob)")
    }
}
