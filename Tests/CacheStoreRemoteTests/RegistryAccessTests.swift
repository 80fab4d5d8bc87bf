import CacheStore
import Foundation
import Testing

@testable import CacheStoreRemote

@Suite struct RegistryAccessTests {
    @Test(arguments: ["registry_auth", "registry_token"])
    func credentialsAreUsed(_ target: String) async throws {
        let rig = try await Rig.running()
        let (manifest, layer, blob) = artifact(10_000)
        let proxy = try await rig.proxy(target)
        let address = try RegistryAddress("oci://\(proxy.host)/private/n:t")
        for identity in [false, true] where !identity || target == "registry_token" {
            try await withClient(quickOptions(try credentials(proxy.host, rig, identity: identity))) {
                client in
                let registry = Registry(address, client: client)
                let result = try await registry.push(manifest, blobs: [layer: blob], tags: ["t"])
                #expect(try await registry.manifest(.tag("t")).digest == result.digest)
                let file = try await registry.blob(layer, byteCount: 10_000)
                #expect(try await file.bytes(3..<9000) == Array(blob.bytes[3..<9000]))
            }
        }
        let wrong = try credentials(proxy.host, rig, password: "s3cr3t")
        for (environment, words) in [
            ([:], "; there are no credentials for it"),
            (wrong, "; it refuses the credentials of `\(wrong["REGISTRY_AUTH_FILE"] ?? "")`"),
        ] as [([String: String], String)] {
            await expectError(.accessDenied, words, without: "s3cr3t") {
                try await withClient(quickOptions(environment)) { client in
                    _ = try await Registry(address, client: client).manifest(.tag("t"))
                }
            }
        }
    }

    @Test(arguments: ["is hunter2-s3cr3t wrong?", "token:BASE64", "user hunter2-s3cr3t"])
    func aServerThatRepeatsAPasswordIsNotQuoted(_ message: String) async throws {
        let rig = try await Rig.running()
        let proxy = try await rig.proxy("registry_auth")
        let encoded = Data("\(rig.servers.user):hunter2-s3cr3t".utf8).base64EncodedString()
        let said = message.replacing("BASE64", with: encoded)
        let body = #"{"errors":[{"code":"DENIED","message":"\#(said)"}]}"#
        let environment = try credentials(proxy.host, rig, password: "hunter2-s3cr3t")
        try await proxy.set([
            [
                "action": "status", "status": 403, "body": body, "count": 0,
                "headers": ["Content-Type": "application/json"], "if": ["authorization": "."],
            ]
        ])
        for secret in ["s3cr3t", encoded] {
            await expectError(.accessDenied, "403 Forbidden", without: secret) {
                try await withClient(quickOptions(environment)) { client in
                    let address = try RegistryAddress("oci://\(proxy.host)/private/n:t")
                    _ = try await Registry(address, client: client).manifest(.tag("t"))
                }
            }
        }
    }

    @Test func aTokenThatNoHeaderMayHaveIsNotShown() async throws {
        let rig = try await Rig.running()
        let host = rig.servers.registry_token.host
        let path = FileManager.default.temporaryDirectory.appending(path: "auth-\(UUID()).json")
        try JSONSerialization.data(withJSONObject: ["auths": [host: ["registrytoken": "s3cr3t\n"]]])
            .write(to: path)
        await expectError(.badArgument, "characters that no header may have", without: "s3cr3t") {
            try await withClient(quickOptions(["REGISTRY_AUTH_FILE": path.path])) { client in
                let address = try RegistryAddress("oci://\(host)/private/n:t")
                _ = try await Registry(address, client: client).manifest(.tag("t"))
            }
        }
    }

    @Test func aPortalThatAnswersEverythingWithAPageIsNoRegistry() async throws {
        let proxy = try await Rig.running().proxy(
            "registry",
            [
                [
                    "action": "status", "status": 200, "body": "<html>Please sign in", "count": 0,
                    "headers": ["Content-Type": "text/html"],
                ]
            ]
        )
        let (manifest, layer, blob) = artifact(10_000)
        let address = try RegistryAddress("oci://\(proxy.host)/n/n:t")
        try await withClient { client in
            let registry = Registry(address, client: client)
            await expectError(.network, "does not speak the protocol of registries") {
                _ = try await registry.push(manifest, blobs: [layer: blob], tags: ["t"])
            }
            await expectError(.network, "does not speak the protocol of registries") {
                try await registry.put(manifest: [1], mediaType: "application/x", as: .tag("t"))
            }
        }
    }

    @Test func aBlobThatWasNotAskedOfAnotherRepositoryIsNotMounted() async throws {
        let proxy = try await Rig.running().proxy(
            "registry",
            [["action": "status", "status": 201, "method": "POST", "count": 0]]
        )
        let (_, layer, blob) = artifact(10_000)
        try await withClient { client in
            let registry = Registry(try RegistryAddress("oci://\(proxy.host)/n/n:t"), client: client)
            await expectError(.network, "does not speak the protocol of registries") {
                try await registry.upload(blob, digest: layer)
            }
        }
    }

    @Test func aRegistryOfThisMachineWhoseCertificateIsNotTrustedIsNamedSo() async throws {
        let host = try await Rig.running().proxy("registry", [], ["tls": true]).host
        await expectError(.network, "certificate is not trusted") {
            try await withClient { client in
                _ = try await Registry(try RegistryAddress("oci://\(host)/n:t"), client: client)
                    .manifest(.tag("t"))
            }
        }
    }

    @Test func anyoneMayReadWithATokenForAnyone() async throws {
        let rig = try await Rig.running()
        let host = rig.servers.registry_token.host
        let (manifest, layer, blob) = artifact(10_000)
        let address = try RegistryAddress("oci://\(host)/public/n:t")
        try await withClient(quickOptions(try credentials(host, rig))) { client in
            _ = try await Registry(address, client: client).push(manifest, blobs: [layer: blob], tags: ["t"])
        }
        try await withClient { client in
            let registry = Registry(address, client: client)
            let read = try await registry.manifest(.tag("t"))
            #expect(try ArtifactManifest(read, name: "n") == manifest)
            await expectError(.accessDenied, "401") {
                let (other, digest, blob) = artifact(5)
                _ = try await registry.push(other, blobs: [digest: blob], tags: ["t"])
            }
        }
    }
}
