public import CacheStore
import NIOHTTP1
import Synchronization

/// One repository of a registry, which speaks the protocol of OCI's distribution specification 1.1.
///
/// Docker's registry, ghcr.io, Docker Hub, Harbor, Artifactory, ECR, and those of Google and Azure speak it.
/// Credentials are those of docker and podman.
public final class Registry: Sendable {
    /// The client whose connections and manners are used.
    public let client: RemoteClient

    /// The repository; the tag or the digest of the address means nothing here.
    public let address: RegistryAddress

    let session: RegistrySession
    private let server = Mutex<WebAddress?>(nil)

    /// Creates a client for a repository, which connects to nothing yet.
    ///
    /// - Parameters:
    ///   - address: The address of anything in the repository.
    ///   - client: The client to use.
    public init(_ address: RegistryAddress, client: RemoteClient) {
        (self.address, self.client) = (address, client)
        session = RegistrySession(client, address)
    }

    /// The repository for messages.
    var name: String { "oci://\(address.registry)/\(address.repository)" }

    /// The origin of the registry's server, once it is known.
    var origin: String? { server.withLock { $0?.origin } }

    /// The credentials for reading.
    var reader: ScopedAuthorizer { authorizer("pull") }

    /// The credentials for writing.
    var writer: ScopedAuthorizer { authorizer("pull,push") }

    private func authorizer(_ rights: String) -> ScopedAuthorizer {
        ScopedAuthorizer(session: session, scopes: ["repository:\(address.repository):\(rights)"])
    }

    /// Returns the address of an object of the repository, for example of `blobs/sha256:…`.
    func place(_ object: String, query: String? = nil) async throws -> WebAddress {
        WebAddress(try await root(), path: "/v2/\(address.repository)/\(object)", query: query)
    }

    /// Returns the server: encrypted, or plain where that is allowed and the server has it so.
    private func root() async throws -> WebAddress {
        if let known = server.withLock({ $0 }) { return known }
        let host = address.server
        let encrypted = try WebAddress("https://\(host)/")
        let plain = try WebAddress("http://\(host)/")
        let root: WebAddress
        if address.isLoopback {
            root = try await first(of: [plain, encrypted])
        } else if client.options.allowsPlainHTTP {
            root = try await first(of: [encrypted, plain])
        } else {
            root = encrypted
        }
        server.withLock { $0 = root }
        return root
    }

    /// Returns the first of some servers that answers; nothing secret is sent.
    private func first(of servers: [WebAddress]) async throws -> WebAddress {
        try await client.retrying("reach the registry `\(address.registry)`", at: name) {
            var failure: WebFailure?
            for server in servers {
                do {
                    let request = WebRequest(address: WebAddress(server, path: "/v2/"))
                    let status = try await client.send(request) { $0.status }
                    // Servers that expect TLS answer plain requests so.
                    if status != 400 { return server }
                } catch let error as WebFailure {
                    // That a certificate is not trusted tells more than the answer to a plain request.
                    if failure == nil || error.remedy == .trustAuthority { failure = error }
                }
            }
            throw failure
                ?? WebFailure(words: "the server does not speak the protocol of registries", tries: 1)
        }
    }

    /// Returns the error for an answer that no registry gives, such as the page of a portal.
    func noRegistry(_ action: String) -> CacheStoreError {
        CacheStoreError(
            .network,
            "cannot \(action): the server does not speak the protocol of registries",
            remedy: .checkNetwork
        )
    }

    /// Returns the error for an answer, and adds what is known of the credentials if access is refused.
    func failure(_ response: WebResponse, _ action: String, name: Remedy? = nil) async -> any Error {
        await session.explaining(await response.failure(action, access: .signIn, name: name))
    }
}

// MARK: - Manifests

extension Registry {
    /// A manifest as the registry keeps it.
    public struct Manifest: Sendable {
        /// The bytes, whose SHA-256 is ``digest``.
        public var bytes: [UInt8]
        /// The SHA-256 of the bytes.
        public var digest: ObjectID
        /// The media type that the registry states.
        public var mediaType: String
    }

    /// The media types of manifests and of indexes, of OCI and of Docker.
    private static let mediaTypes = [
        "application/vnd.oci.image.manifest.v1+json", "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    ]

    /// The maximum length of a manifest, in bytes: registries take no longer ones.
    private static let longestManifest = 4 << 20

    /// Reads a manifest.
    ///
    /// - Parameter reference: The tag, or the digest, which is compared with the bytes.
    /// - Returns: The manifest.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound``,
    ///   ``CacheStoreError/Code/accessDenied`` or ``CacheStoreError/Code/network``; or `CancellationError`.
    public func manifest(_ reference: RegistryAddress.Reference) async throws -> Manifest {
        let target = address.with(reference).description
        let action = "read `\(target)`"
        let place = try await place("manifests/\(reference)")
        return try await client.retrying(action, at: target) {
            var request = WebRequest(address: place)
            request.headers = Self.mediaTypes.map { ("Accept", $0) }
            return try await client.send(request, as: reader) { response in
                guard response.status == 200 else {
                    throw await self.failure(response, action, name: .checkName)
                }
                guard let bytes = try await response.bytes(upTo: Self.longestManifest) else {
                    throw CacheStoreError(.network, "cannot \(action): the manifest is longer than 4 MiB")
                }
                let digest = ContentHasher.hash(bytes.span)
                var expected = response.header("docker-content-digest") ?? "sha256:\(digest)"
                if case .digest(let wanted) = reference { expected = "sha256:\(wanted)" }
                guard !expected.hasPrefix("sha256:") || expected == "sha256:\(digest)" else {
                    throw CacheStoreError(
                        .network,
                        "cannot \(action): the manifest does not have the digest "
                            + "`\(expected.excerpt)`"
                    )
                }
                let type = response.header("content-type") ?? ""
                return Manifest(bytes: bytes, digest: digest, mediaType: String(type.prefix { $0 != ";" }))
            }
        }
    }

    /// Writes a manifest, all of whose blobs must be there.
    ///
    /// A tag then names the new manifest; it names the old one until the registry has all of the new one.
    ///
    /// - Parameters:
    ///   - bytes: The manifest.
    ///   - mediaType: The media type of the manifest.
    ///   - reference: The tag, or the digest of the bytes.
    /// - Returns: The digest of the manifest.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/accessDenied`` or
    ///   ``CacheStoreError/Code/network``; or `CancellationError`.
    @discardableResult
    public func put(
        manifest bytes: [UInt8],
        mediaType: String,
        as reference: RegistryAddress.Reference
    ) async throws -> ObjectID {
        let target = address.with(reference).description
        let action = "write `\(target)`"
        let digest = ContentHasher.hash(bytes.span)
        let place = try await place("manifests/\(reference)")
        try await client.retrying(action, at: target) {
            var request = WebRequest(method: .PUT, address: place)
            request.headers = [("Content-Type", mediaType)]
            request.body = .bytes(bytes)
            try await client.send(request, as: writer) { response in
                if response.status == 200 { throw self.noRegistry(action) }
                guard [201, 202].contains(response.status) else {
                    throw await self.failure(response, action)
                }
                await response.finish()
                let stated = response.header("docker-content-digest") ?? ""
                guard !stated.hasPrefix("sha256:") || stated == "sha256:\(digest)" else {
                    throw CacheStoreError(
                        .network,
                        "cannot \(action): the registry states another digest than that of the manifest"
                    )
                }
            }
        }
        return digest
    }
}
