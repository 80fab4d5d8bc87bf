import CacheStore
import Foundation
import Testing

@testable import CacheStoreRemote

@Suite struct RegistryTests {
    private func pieces(_ environment: [String: String] = [:]) -> RemoteOptions {
        var options = quickOptions(environment)
        options.uploadByteCount = 100_000
        options.progressByteCount = 10_000
        return options
    }

    /// Pushes an artifact through a proxy, reads it back without, and compares.
    @discardableResult
    private func check(
        _ target: String,
        _ rules: [Rule],
        more: [String: any Sendable] = [:],
        options: RemoteOptions,
        repository: String = "r-\(UUID().uuidString.lowercased())"
    ) async throws -> [BreakingProxy.Entry] {
        let rig = try await Rig.running()
        let proxy = try await rig.proxy(target, rules, more)
        let (manifest, layer, blob) = artifact(350_000)
        try await withClient(options) { client in
            let registry = Registry(
                try RegistryAddress("oci://\(proxy.host)/\(repository):t"),
                client: client
            )
            let total = Collector<Int>()
            let result = try await registry.push(manifest, blobs: [layer: blob], tags: ["t", "u"]) {
                total.add($0)
            }
            #expect(result.deliveries == [layer: .sent])
            #expect(total.all.reduce(0, +) == blob.byteCount)
            try await proxy.set([])
            for reference in [.tag("t"), .tag("u"), .digest(result.digest)] as [RegistryAddress.Reference] {
                let read = try await registry.manifest(reference)
                #expect(read.bytes == manifest.bytes)
                #expect(read.digest == result.digest)
                #expect(try ArtifactManifest(read, name: "n") == manifest)
            }
            let file = try await registry.blob(layer, byteCount: blob.byteCount)
            #expect(try await file.bytes(1000..<349_000) == Array(blob.bytes[1000..<349_000]))
            let again = try await registry.push(manifest, blobs: [layer: blob], tags: ["t"])
            #expect(again.deliveries == [layer: .present])
        }
        return try await proxy.log()
    }

    @Test func anArtifactIsPushedInPiecesAndReadInRanges() async throws {
        let log = try await check("registry", [], options: pieces())
        let patches = log.filter { $0.method == "PATCH" }.map { $0.header("content-range") }
        #expect(patches.contains("100000-199999"))
        #expect(patches.contains("300000-349999"))
    }

    @Test(arguments: [false, true])
    func brokenUploadsGoOn(_ isResumable: Bool) async throws {
        let rules: [[Rule]] = [
            [["action": "drop_upload", "method": "PATCH", "bytes": 50_000, "nth": 2]],
            [["action": "short_upload", "method": "PATCH", "bytes": 60_000, "nth": 2]],
            [["action": "lost_answer", "method": "PATCH", "nth": 2]],
            [["action": "lost_answer", "method": "POST"]],
            [["action": "lost_answer", "method": "PUT", "path": "/blobs/uploads/"]],
            [["action": "lost_answer", "method": "PUT", "path": "/manifests/", "count": 2]],
            [["action": "drop", "method": "PATCH|PUT|HEAD", "every": 2, "count": 4]],
            [["action": "status", "status": 503, "method": "PATCH", "nth": 3]],
            [["action": "status", "status": 404, "method": "PATCH", "nth": 3]],
            [["action": "status", "status": 416, "method": "PATCH", "nth": 2]],
            [["action": "status", "status": 413, "method": "PATCH"]],
            [["action": "location", "kind": "absolute", "count": 0]],
            [["action": "location", "kind": "relative", "count": 0]],
            [["action": "location", "kind": "query", "count": 0]],
            [["action": "redirect", "method": "PATCH", "status": 307]],
            [["action": "stall", "seconds": 3, "method": "PATCH", "nth": 2]],
        ]
        for rule in rules {
            var options = pieces()
            if rule[0]["action"] as? String == "stall" { options.stallTimeout = .seconds(1) }
            let log = try await check("registry", rule, more: ["resumable": isResumable], options: options)
            #expect(log.contains { $0.action != nil }, "\(rule)")
        }
    }

    @Test func aResumableUploadSendsNoByteTwice() async throws {
        let log = try await check(
            "registry",
            [["action": "short_upload", "method": "PATCH", "bytes": 60_000, "nth": 2]],
            more: ["resumable": true],
            options: pieces()
        )
        #expect(log.contains { $0.header("content-range") == "160000-259999" })
        let broken = try await check(
            "registry",
            [["action": "drop_upload", "method": "PATCH", "bytes": 50_000, "nth": 3]],
            more: ["resumable": true],
            options: pieces()
        )
        #expect(broken.contains { $0.header("content-range") == "250000-349999" })
    }

    @Test func aRegistryThatTakesNoPiecesGetsTheWhole() async throws {
        for status in [400, 405, 411, 415, 501] {
            let log = try await check(
                "registry",
                [["action": "status", "status": status, "method": "PATCH", "count": 0]],
                options: pieces()
            )
            #expect(log.contains { $0.method == "PUT" && $0.received == 350_000 })
        }
    }

    @Test func theLeastLengthOfPiecesIsKept() async throws {
        let log = try await check(
            "registry",
            [["action": "headers", "method": "POST", "set": ["OCI-Chunk-Min-Length": "200000"], "count": 0]],
            options: pieces()
        )
        let patches = log.filter { $0.method == "PATCH" }.map { $0.header("content-range") }
        #expect(patches.contains("0-199999"))
        #expect(patches.contains("200000-349999"))
    }

    @Test func aFailedUploadIsDroppedAndTagsNothing() async throws {
        let rig = try await Rig.running()
        let proxy = try await rig.proxy(
            "registry",
            [["action": "status", "status": 403, "method": "PATCH", "nth": 2, "count": 0]]
        )
        let (manifest, layer, blob) = artifact(350_000)
        try await withClient(pieces()) { client in
            let registry = Registry(try RegistryAddress("oci://\(proxy.host)/failed:t"), client: client)
            await expectError(.accessDenied, "403 Forbidden") {
                _ = try await registry.push(manifest, blobs: [layer: blob], tags: ["t"])
            }
            await expectError(.notFound, "404") { _ = try await registry.manifest(.tag("t")) }
            await expectError(.notFound, "lacks the layer") {
                _ = try await registry.push(manifest, blobs: [:], tags: ["t"])
            }
            #expect(try await !registry.hasBlob(layer))
        }
        #expect(try await proxy.log().contains { $0.method == "DELETE" && $0.status == 204 })
    }

    @Test func aBlobWithAnotherDigestIsRefused() async throws {
        let rig = try await Rig.running()
        let (_, _, blob) = artifact(1000)
        try await withClient { client in
            let registry = Registry(
                try RegistryAddress("oci://\(rig.servers.registry.host)/digest"),
                client: client
            )
            await expectError(.network, "DIGEST_INVALID") {
                try await registry.upload(blob, digest: ContentHasher.hash([UInt8]().span))
            }
        }
    }

    @Test func aBlobOfAnotherRepositoryIsMounted() async throws {
        let rig = try await Rig.running()
        let (_, layer, blob) = artifact(1000)
        let options = quickOptions(try credentials(rig.servers.registry_token.host, rig))
        try await withClient(options) { client in
            let host = rig.servers.registry_token.host
            let first = Registry(try RegistryAddress("oci://\(host)/private/mount-from"), client: client)
            #expect(try await first.upload(blob, digest: layer) == .sent)
            let second = Registry(try RegistryAddress("oci://\(host)/private/mount-to"), client: client)
            #expect(
                try await second.upload(blob, digest: layer, mountingFrom: "private/mount-from") == .mounted
            )
            #expect(try await second.hasBlob(layer))
            let third = Registry(try RegistryAddress("oci://\(host)/private/mount-none"), client: client)
            #expect(try await third.upload(blob, digest: layer, mountingFrom: "private/nowhere") == .sent)
        }
    }

    /// Returns an environment whose file of credentials has the rig's for one registry.
    @Test func expiredTokensAreRenewed() async throws {
        let rig = try await Rig.running()
        let host = rig.servers.registry_token.host
        let (_, layer, blob) = artifact(200_000)
        let environment = try credentials(host, rig)
        try await withClient(quickOptions(environment)) { client in
            _ = try await Registry(try RegistryAddress("oci://\(host)/private/x"), client: client)
                .upload(blob, digest: layer)
        }
        let proxy = try await rig.proxy(
            "registry_token",
            [
                [
                    "action": "expire_token", "method": "GET", "path": "/blobs/", "nth": 3, "every": 2,
                    "count": 3,
                ]
            ]
        )
        let other = try credentials(proxy.host, rig)
        try await withClient(quickOptions(other)) { client in
            let registry = Registry(try RegistryAddress("oci://\(proxy.host)/private/x"), client: client)
            let file = try await registry.blob(layer, byteCount: 200_000)
            for start in stride(from: 0, to: 200_000, by: 50_000) {
                #expect(
                    try await file.bytes(start..<start + 50_000) == Array(blob.bytes[start..<start + 50_000])
                )
            }
        }
        let tokens = try await proxy.log().compactMap { $0.header("authorization") }
        #expect(Set(tokens).count > 1)
    }

    @Test func credentialsStayWithTheRegistryWhenItRedirects() async throws {
        let rig = try await Rig.running()
        let (_, layer, blob) = artifact(100_000)
        let storage = try await rig.proxy("registry_auth", [["action": "unauthorized", "count": 0]])
        let proxy = try await rig.proxy("registry_auth")
        try await withClient(quickOptions(try credentials(proxy.host, rig))) { client in
            let registry = Registry(
                try RegistryAddress("oci://\(proxy.host)/private/redirected"),
                client: client
            )
            _ = try await registry.upload(blob, digest: layer)
            try await proxy.set([
                ["action": "redirect", "path": "/blobs/", "to": storage.localhost, "count": 0]
            ])
            let file = try await registry.blob(layer, byteCount: 100_000)
            await expectError(.accessDenied, "401") { _ = try await file.bytes(0..<10) }
        }
        let arrived = try await storage.log()
        #expect(!arrived.isEmpty)
        #expect(arrived.allSatisfy { $0.header("authorization") == nil })
        #expect(try await proxy.log().contains { $0.header("authorization") != nil })
    }

    @Test func aTokenServerWithoutEncryptionGetsNothing() async throws {
        let rig = try await Rig.running()
        let proxy = try await rig.proxy("registry_token", [], ["realm": "http://192.0.2.1/token"])
        await expectError(.network, "without encryption") {
            try await withClient(quickOptions(try credentials(proxy.host, rig))) { client in
                let registry = Registry(try RegistryAddress("oci://\(proxy.host)/private/n"), client: client)
                _ = try await registry.manifest(.tag("t"))
            }
        }
    }

    @Test func aRegistryOnThisMachineMayBeEncrypted() async throws {
        let rig = try await Rig.running()
        let proxy = try await rig.proxy("registry", [], ["tls": true])
        let (manifest, layer, blob) = artifact(1000)
        try await withClient(quickOptions(["SSL_CERT_FILE": rig.servers.ca])) { client in
            let registry = Registry(
                try RegistryAddress("oci://localhost:\(proxy.host.split(separator: ":")[1])/tls"),
                client: client
            )
            _ = try await registry.push(manifest, blobs: [layer: blob], tags: ["t"])
            #expect(try await registry.manifest(.tag("t")).bytes == manifest.bytes)
        }
    }

    @Test func otherBytesThanThoseOfTheDigestAreErrors() async throws {
        let rig = try await Rig.running()
        let proxy = try await rig.proxy("registry")
        let (manifest, layer, blob) = artifact(1000)
        try await withClient { client in
            let registry = Registry(try RegistryAddress("oci://\(proxy.host)/corrupt"), client: client)
            let digest = try await registry.push(manifest, blobs: [layer: blob], tags: ["t"]).digest
            try await proxy.set([["action": "corrupt", "path": "/manifests/", "count": 0]])
            for reference in [.tag("t"), .digest(digest)] as [RegistryAddress.Reference] {
                await expectError(.network, "does not have the digest") {
                    _ = try await registry.manifest(reference)
                }
            }
            try await proxy.set([["action": "ignore_range", "count": 0]])
            let file = try await registry.blob(layer, byteCount: 1000)
            await expectError(.network, "ignores ranges") { _ = try await file.bytes(0..<10) }
            #expect(try await file.bytes(0..<1000) == blob.bytes)
            let longer = try await registry.blob(layer, byteCount: 2000)
            await expectError(.io, "changed") { _ = try await longer.bytes(0..<10) }
        }
    }

    @Test func skopeoCopiesAnArtifact() async throws {
        let rig = try await Rig.running()
        let host = rig.servers.registry.host
        let (manifest, layer, blob) = artifact(50_000)
        let directory = FileManager.default.temporaryDirectory.appending(path: "layout-\(UUID())")
        try await withClient { client in
            let registry = Registry(try RegistryAddress("oci://\(host)/skopeo"), client: client)
            let digest = try await registry.push(manifest, blobs: [layer: blob], tags: ["t"]).digest
            for (from, to) in [
                ("docker://\(host)/skopeo:t", "oci:\(directory.path):t"),
                ("oci:\(directory.path):t", "docker://\(host)/skopeo-copy:t"),
            ] {
                let result = try await Subprocess.run(
                    "skopeo",
                    ["copy", "--src-tls-verify=false", "--dest-tls-verify=false", from, to]
                )
                #expect(result.status == 0, "\(String(decoding: result.errors, as: UTF8.self))")
            }
            let copy = Registry(try RegistryAddress("oci://\(host)/skopeo-copy"), client: client)
            #expect(try await copy.manifest(.tag("t")).digest == digest)
        }
    }
}
