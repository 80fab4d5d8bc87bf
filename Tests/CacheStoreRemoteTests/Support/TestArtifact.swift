import CacheStore
import Foundation

@testable import CacheStoreRemote

/// Makes an artifact with one layer of random bytes.
func artifact(_ count: Int) -> (manifest: ArtifactManifest, layer: ObjectID, blob: MemoryBlob) {
    let blob = MemoryBlob(name: "layer", bytes: randomBytes(count))
    let digest = ContentHasher.hash(blob.bytes.span)
    let layer = ArtifactManifest.Layer(
        digest: digest,
        byteCount: count,
        title: "x.castore",
        labels: ["aws"]
    )
    return (ArtifactManifest(layers: [layer]), digest, blob)
}

/// Writes a file with the credentials of a host, and returns the environment that names it.
func credentials(
    _ host: String,
    _ rig: Rig,
    identity: Bool = false,
    password: String? = nil
) throws -> [String: String] {
    let text = Data("\(rig.servers.user):\(password ?? rig.servers.password)".utf8).base64EncodedString()
    let entry = identity ? ["identitytoken": rig.servers.identity_token] : ["auth": text]
    let path = FileManager.default.temporaryDirectory.appending(path: "auth-\(UUID()).json")
    try JSONSerialization.data(withJSONObject: ["auths": [host: entry]]).write(to: path)
    return ["REGISTRY_AUTH_FILE": path.path]
}
