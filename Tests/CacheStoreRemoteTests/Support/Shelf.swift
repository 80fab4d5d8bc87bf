import CacheStore
import Foundation
import SystemPackage
import Testing

@testable import CacheStoreRemote

/// A new repository of the rig's registry, and short names for what tests do with it.
struct Shelf: Sendable {
    let releases: Releases
    let client: RemoteClient

    /// The host of the registry, or of a proxy before it.
    var host: String
    let repository = "shelf-\(UUID().uuidString.lowercased())"

    /// Calls `body` with a new repository.
    static func with(
        _ releases: Releases,
        host: String? = nil,
        _ options: RemoteOptions = quickOptions(),
        _ body: (Shelf) async throws -> Void
    ) async throws {
        let own = try await Rig.running().servers.registry.host
        try await withClient(options) {
            try await body(Shelf(releases: releases, client: $0, host: host ?? own))
        }
    }

    /// Returns the same repository behind another host.
    func behind(_ proxy: BreakingProxy) -> Shelf {
        var other = self
        other.host = proxy.host
        return other
    }

    var archives: RemoteArchives { RemoteArchives(client: client, scratch: releases.directory) }

    /// The repository.
    var registry: Registry { get throws { Registry(try address("any"), client: client) } }

    func address(_ reference: String) throws -> RegistryAddress {
        try RegistryAddress(
            "oci://\(host)/\(repository)\(reference.hasPrefix("sha256:") ? "@" : ":")\(reference)"
        )
    }

    /// Pushes archives.
    @discardableResult
    func push(
        _ paths: [FilePath],
        as tag: String,
        onto: String? = nil,
        _ configure: (inout Push.Options) -> Void = { _ in }
    ) async throws -> Push.Report {
        var options = Push.Options()
        options.onto = onto.map { .tag($0) }
        configure(&options)
        return try await Push(options: options).run(paths, to: address(tag), client: client)
    }

    func open(_ reference: String) async throws -> Archive {
        try await archives.open(.registry(address(reference)))
    }

    /// Returns the manifest that a reference names.
    func manifest(_ tag: String) async throws -> (digest: ObjectID, artifact: ArtifactManifest) {
        let manifest = try await registry.manifest(.tag(tag))
        return (manifest.digest, try ArtifactManifest(manifest, name: tag))
    }

    /// Pulls an archive, and returns its bytes.
    func pull(_ reference: String) async throws -> Data {
        let path = releases.place("pulled")
        try await Pull().run(.registry(address(reference)), from: archives, to: path)
        return try path.content
    }

    /// Expects that a reference reads, and is pulled, as exactly one archive.
    func expect(
        _ reference: String,
        is path: FilePath,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let (remote, local) = (try await open(reference), try Archive(opening: path))
        let (read, there) = (try await remote.summary(), try await local.summary())
        #expect(read.digest == there.digest, sourceLocation: sourceLocation)
        let names = try await [remote, local].asyncMap { try await $0.contents().members.map(\.name) }
        #expect(names[0] == names[1], sourceLocation: sourceLocation)
        #expect(try await pull(reference) == path.content, sourceLocation: sourceLocation)
    }
}

extension Array {
    /// Returns the results of a closure, which is called in order.
    func asyncMap<Result>(_ body: (Element) async throws -> Result) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
