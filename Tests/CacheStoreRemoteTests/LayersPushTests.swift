import CacheStore
import Foundation
import SystemPackage
import Testing

@testable import CacheStoreRemote

@Suite("A push of layers", .timeLimit(.minutes(5)))
struct LayersPushTests {
    /// Returns the address of a new repository.
    private func address(_ host: String, tag: String = "t") throws -> RegistryAddress {
        try RegistryAddress("oci://\(host)/layers-\(UUID().uuidString.lowercased()):\(tag)")
    }

    private func push(_ place: TestPlace, splits: Bool = false) throws -> LayersPush {
        var options = LayersPush.Options()
        options.image.splits = splits
        options.scratch = place.root.appending("scratch")
        if try !place.names(".").contains("scratch") { _ = try place.directory("scratch") }
        return LayersPush(options: options)
    }

    /// Expects that a repository has the image of a layout, byte for byte.
    private func expect(
        _ registry: Registry,
        _ tag: String = "t",
        has layout: String,
        of place: TestPlace,
        _ report: Layers.Report
    ) async throws {
        let blobs = try place.blobs(layout)
        let manifest = try await registry.manifest(.tag(tag))
        #expect(manifest.digest == report.manifestDigest)
        #expect(manifest.bytes == blobs[report.manifestDigest])
        #expect(manifest.mediaType == "application/vnd.oci.image.manifest.v1+json")
        for (digest, bytes) in blobs where digest != report.manifestDigest {
            let blob = try await registry.blob(digest, byteCount: bytes.count)
            #expect(try await blob.bytes(0..<bytes.count) == bytes)
        }
    }

    @Test("puts the image there that a layout has, and sends nothing twice", arguments: [false, true])
    func sameImage(splits: Bool) async throws {
        let place = try TestPlace()
        defer { place.remove() }
        let archive = try await place.archive()
        let rig = try await Rig.running()
        for compression in Layers.Options.Compression.allCases {
            let address = try address(rig.servers.registry.host)
            var push = try push(place, splits: splits)
            push.options.image.compression = compression
            push.options.tags = ["second"]
            let layout = "layout-\(compression)"
            let written = try await Layers(options: push.options.image)
                .run(archive, to: place.root.appending(layout))
            #expect(written.layers.count == (splits ? 1 : 2))
            try await withClient { [push] client in
                let report = try await push.run(archive, to: address, client: client)
                #expect(report.image == written)
                let all = try place.blobs(layout).values.reduce(0) { $0 + $1.count }
                let manifest = try #require(try place.blobs(layout)[written.manifestDigest]?.count)
                #expect(report.sentBytes == all - manifest)
                #expect(report.presentBytes == 0)
                let registry = Registry(address, client: client)
                for tag in ["t", "second"] {
                    try await expect(registry, tag, has: layout, of: place, written)
                }
                let again = try await push.run(archive, to: address, client: client)
                #expect(again.sentBytes == 0)
                #expect(again.presentBytes == report.sentBytes)
            }
        }
        #expect(try place.names("scratch").isEmpty)
    }

    @Test("sends what is new, and has the rest mounted from another repository")
    func parts() async throws {
        let place = try TestPlace()
        defer { place.remove() }
        let archive = try await place.archive()
        let rig = try await Rig.running()
        let (first, second) = (try address(rig.servers.registry.host), try address(rig.servers.registry.host))
        var push = try push(place)
        push.options.mountedRepository = first.repository
        try await withClient { [push] client in
            let one = try await push.run(archive, to: first, client: client)
            #expect(one.mountedBytes == 0)
            // The same layers, but another configuration.
            var other = push
            other.options.image.setsEnvironment = false
            let two = try await other.run(archive, to: second, client: client)
            #expect(two.image.layers == one.image.layers)
            #expect(two.mountedBytes == one.image.layers.reduce(0) { $0 + $1.bytes })
            #expect((1..<2000).contains(two.sentBytes))
            #expect(two.presentBytes == 0)
        }
    }

    @Test("makes an image that skopeo reads, copies and finds whole")
    func skopeo() async throws {
        let place = try TestPlace()
        defer { place.remove() }
        let archive = try await place.archive()
        let rig = try await Rig.running()
        let address = try address(rig.servers.registry.host)
        let report = try await withClient { client in
            try await push(place, splits: true).run(archive, to: address, client: client)
        }
        let name = "docker://\(address.registry)/\(address.repository):t"
        let inspected = try await run("skopeo", ["inspect", "--tls-verify=false", name])
        #expect(inspected.status == 0, "\(inspected.output)")
        #expect(inspected.output.contains("sha256:\(report.image.manifestDigest)"))
        #expect(inspected.output.contains("GOCACHE=/var/cache/go-build"))
        let layout = place.root.appending("copy").string
        let copied = try await run(
            "skopeo",
            [
                "--insecure-policy", "copy", "--preserve-digests", "--src-tls-verify=false", name,
                "oci:\(layout):t",
            ]
        )
        #expect(copied.status == 0, "\(copied.output)")
        #expect(try place.blobs("copy")[report.image.manifestDigest] != nil)
    }

    @Test("upon a base sends the base's layers, too, unless they are there")
    func base() async throws {
        let place = try TestPlace()
        defer { place.remove() }
        let archive = try await place.archive()
        let rig = try await Rig.running()
        let address = try address(rig.servers.registry.host)
        var push = try push(place)
        push.options.image.only = ["aws"]
        push.options.image.caches = GoCaches(buildCache: "/base", moduleCache: nil)
        let base = try await Layers(options: push.options.image).run(
            archive,
            to: place.root.appending("base")
        )
        push.options.image.only = ["gcp"]
        push.options.image.caches = GoCaches(buildCache: "/above", moduleCache: nil)
        push.options.image.base = .init(layout: place.root.appending("base"))
        let written = try await Layers(options: push.options.image)
            .run(archive, to: place.root.appending("layout"))
        #expect(written.baseLayers == 1)
        try await withClient { [push] client in
            let report = try await push.run(archive, to: address, client: client)
            #expect(report.image == written)
            #expect(report.sentBytes > base.layers[0].bytes + written.layers[0].bytes)
            try await expect(Registry(address, client: client), has: "layout", of: place, written)
            var other = push
            other.options.image.only = ["aws"]
            let second = try await other.run(archive, to: address, client: client)
            #expect(second.presentBytes == base.layers[0].bytes)
            // A file of the base that is not what its name says is not sent.
            let blob = place.root.appending("base/blobs/sha256/\(base.layers[0].digest)")
            try Data(randomBytes(base.layers[0].bytes)).write(to: URL(filePath: blob.string))
            await expectError(.corruptArchive, "damaged image") {
                _ = try await push.run(archive, to: self.address(address.registry), client: client)
            }
        }
    }

    @Test("upon a base in a registry is the image upon that base in a layout", arguments: [false, true])
    func remoteBase(isIndex: Bool) async throws {
        let place = try TestPlace()
        defer { place.remove() }
        let archive = try await place.archive()
        let rig = try await Rig.running()
        let proxy = try await rig.proxy("registry")
        let (below, above) = (try address(proxy.host, tag: "base"), try address(proxy.host))
        var push = try push(place)
        push.options.image.only = ["aws"]
        push.options.image.caches = GoCaches(buildCache: "/base", moduleCache: nil)
        var images = [("amd64", push)]
        if isIndex {
            push.options.image.architecture = "arm64"
            push.options.image.setsEnvironment = false
            images.append(("arm64", push))
        }
        var options = images[0].1.options
        options.image.only = ["gcp"]
        options.image.caches = GoCaches(buildCache: "/above", moduleCache: nil)
        try await withClient { [images, options] client in
            var entries: [String] = []
            let registry = Registry(below, client: client)
            for (architecture, image) in images {
                try await image.run(archive, to: below, client: client)
                let manifest = try await registry.manifest(.tag("base"))
                entries.append(
                    """
                    {"mediaType":"\(manifest.mediaType)","digest":"sha256:\(manifest.digest)",\
                    "size":\(manifest.bytes.count),"platform":{"os":"linux","architecture":"\(architecture)"}}
                    """
                )
            }
            if isIndex {
                let type = "application/vnd.oci.image.index.v1+json"
                let list = entries.joined(separator: ",")
                let index = #"{"schemaVersion":2,"mediaType":"\#(type)","manifests":[\#(list)]}"#
                try await registry.put(manifest: Array(index.utf8), mediaType: type, as: .tag("base"))
            }
            try await Layers(options: images[0].1.options.image)
                .run(archive, to: place.root.appending("base"))
            var local = options
            local.image.base = .init(layout: place.root.appending("base"))
            let written = try await Layers(options: local.image)
                .run(archive, to: place.root.appending("layout"))
            let scratch = place.root.appending("scratch")
            let remote = try await Layers(options: options.image).run(
                archive,
                above: below,
                client: client,
                scratch: scratch,
                to: place.root.appending("remote")
            )
            #expect(remote == written)
            #expect(try place.blobs("remote") == place.blobs("layout"))
            #expect(try place.names("scratch").isEmpty)

            var pushed = options
            pushed.base = below
            let report = try await LayersPush(options: pushed).run(archive, to: above, client: client)
            #expect(report.image == written)
            #expect(report.mountedBytes == written.baseBytes)
            try await expect(Registry(above, client: client), has: "layout", of: place, written)
            // In another registry, the base's layers are sent.
            let other = try address(rig.servers.registry.host)
            let second = try await LayersPush(options: pushed).run(archive, to: other, client: client)
            #expect(second.mountedBytes == 0)
            #expect(second.sentBytes == report.sentBytes + report.mountedBytes)
            try await expect(Registry(other, client: client), has: "layout", of: place, written)

            // Wrong bytes are never used, and no file of the layout is named when it is gone.
            try await proxy.set([["action": "corrupt", "method": "GET", "path": "/blobs/", "count": 0]])
            do {
                try await LayersPush(options: pushed).run(archive, to: above, client: client)
                Issue.record("a wrong base was used")
            } catch let error as CacheStoreError {
                #expect(error.code == .corruptArchive)
                #expect(error.description.contains("`\(below)`: damaged image"), "\(error)")
                #expect(!error.description.contains(place.root.string), "\(error)")
            }
            #expect(try place.names("scratch").isEmpty)
        }
    }

    @Test("that breaks at any request leaves the old image or the new one under the tag")
    func breaks() async throws {
        let place = try TestPlace()
        defer { place.remove() }
        let archive = try await place.archive()
        let rig = try await Rig.running()
        var (old, new) = (try push(place, splits: true), try push(place, splits: true))
        old.options.image.only = ["aws"]
        // One lane, so that requests come in one order.
        new.options.lanes = 1
        var options = quickOptions()
        options.tries = 3
        // Nothing stalls here but a machine that is busy.
        options.stallTimeout = .seconds(60)
        options.uploadByteCount = 100_000
        let proxy = try await rig.proxy("registry")
        var count = 1
        for isOnce in [false, true] {
            var number = 1
            while number <= count {
                let address = try address(rig.servers.registry.host)
                var broken = address
                broken.registry = proxy.host
                let struck = try await withClient(options) { [old, new, number, broken] client in
                    let registry = Registry(address, client: client)
                    let before = try await old.run(archive, to: address, client: client).image.manifestDigest
                    try await proxy.begin([
                        [
                            "action": number % 2 == 0 ? "drop" : "lost_answer", "nth": number,
                            "count": isOnce ? 1 : 0,
                        ]
                    ])
                    var after: ObjectID?
                    do {
                        after = try await new.run(archive, to: broken, client: client).image.manifestDigest
                    } catch let error as CacheStoreError {
                        #expect(error.code == .network, "\(error)")
                        #expect(!isOnce, "request \(number): \(error)")
                    }
                    let now = try await registry.manifest(.tag("t"))
                    if let after {
                        #expect(now.digest == after, "request \(number)")
                    } else if now.digest != before {
                        // Only the answer to the manifest itself may be lost.
                        let layers = try await new.run(archive, to: address, client: client)
                        #expect(now.digest == layers.image.manifestDigest, "request \(number)")
                        #expect(layers.sentBytes == 0)
                    }
                    return try await proxy.log().count { $0.action != nil }
                }
                if !isOnce, struck > 0 { count = number + 1 }
                number += 1
            }
            #expect(count > 12, "\(count)")
        }
        #expect(try place.names("scratch").isEmpty)
    }

    @Test("to a registry that refuses fails before the image is made")
    func refusal() async throws {
        let place = try TestPlace()
        defer { place.remove() }
        let archive = try await place.archive()
        let rig = try await Rig.running()
        let proxy = try await rig.proxy("registry_auth")
        try await withClient { client in
            await expectError(.accessDenied, "401") {
                _ = try await self.push(place).run(archive, to: self.address(proxy.host), client: client)
            }
            await expectError(.badArgument, "only a tag can be written") {
                let address = try self.address(proxy.host).with(.digest(ContentHasher.hash([UInt8]().span)))
                _ = try await self.push(place).run(archive, to: address, client: client)
            }
        }
        #expect(try await !proxy.log().contains { $0.method != "GET" && $0.method != "HEAD" })
    }

    @Test("that a signal ends leaves no file and the old tag", arguments: [SIGTERM, SIGKILL])
    func signals(_ signal: Int32) async throws {
        let program = try #require(ProcessInfo.processInfo.environment["CACHECTL"])
        let place = try TestPlace()
        defer { place.remove() }
        let archive = try await place.archive()
        let rig = try await Rig.running()
        let proxy = try await rig.proxy("registry")
        let address = try address(proxy.host)
        var old = try push(place)
        old.options.image.only = ["aws"]
        let before = try await withClient { [old] client in
            try await old.run(archive, to: address, client: client).image.manifestDigest
        }
        try await proxy.set([["action": "stall", "seconds": 20, "method": "PATCH", "count": 0]])
        let arguments = ["layers", archive.string, "--push", address.description]
        let outcome = try await run(
            program,
            arguments,
            environment: ["TMPDIR": place.root.appending("scratch").string]
        ) { process in
            while process.isRunning, try await !proxy.log().contains(where: { $0.action == "stall" }) {
                try await Task.sleep(for: .milliseconds(10))
            }
            kill(process.processIdentifier, signal)
        }
        if signal == SIGTERM {
            #expect(outcome.status == 143, "\(outcome)")
            #expect(outcome.output.contains("interrupted: the tag names what it named before"))
        }
        #expect(try place.names("scratch").isEmpty)
        try await proxy.set([])
        let now = try await withClient { client in
            try await Registry(address, client: client).manifest(.tag("t")).digest
        }
        #expect(now == before)
        // The same command succeeds when it may.
        let again = try await run(program, arguments + ["--json", "--tag", "second"])
        #expect(again.status == 0, "\(again)")
        let text = again.output.split(separator: "\n").first { $0.hasPrefix("{") } ?? ""
        let json = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
        #expect(json?["schema"] as? String == "cachectl.layers/1")
        #expect(json?["address"] as? String == address.description)
        #expect(json?["layout"] is NSNull)
        #expect(json?["sent_bytes"] as? Int ?? 0 > 200_000)
        #expect(json?["present_bytes"] is Int)
        #expect(json?["mounted_bytes"] as? Int == 0)
        let second = try await withClient { client in
            try await Registry(address, client: client).manifest(.tag("second")).digest
        }
        #expect(json?["manifest"] as? String == "sha256:\(second)")
    }
}
