import Foundation
import SystemPackage

@testable import CacheStore

/// A small image layout, as tools other than this library write layouts.
struct ImageFixture {
    /// A member of a layer.
    struct File {
        var path: String
        var kind: TarHeader.Kind
        var mode: mode_t = 0o755
        var owner = FileOwner()
        var content: [UInt8] = []

        static func directory(_ path: String, _ mode: mode_t = 0o755, owner: Int = 0) -> File {
            File(path: path, kind: .directory, mode: mode, owner: FileOwner(user: owner, group: owner))
        }

        static func link(_ path: String, to target: String) -> File {
            File(path: path, kind: .link(to: target), mode: 0o777)
        }

        static func file(_ path: String, _ text: String = "") -> File {
            File(path: path, kind: .file(text.utf8.count), mode: 0o644, content: Array(text.utf8))
        }
    }

    /// The ways in which a layer is stored.
    enum Form: String, CaseIterable { case plain, gzip, zstd }

    /// The media types of a kind of tools.
    struct Types {
        var index = "application/vnd.oci.image.index.v1+json"
        var manifest = "application/vnd.oci.image.manifest.v1+json"
        var configuration = "application/vnd.oci.image.config.v1+json"
        var layer = "application/vnd.oci.image.layer.v1.tar"

        static let oci = Types()
        static let docker = Types(
            index: "application/vnd.docker.distribution.manifest.list.v2+json",
            manifest: "application/vnd.docker.distribution.manifest.v2+json",
            configuration: "application/vnd.docker.container.image.v1+json",
            layer: "application/vnd.docker.image.rootfs.diff.tar"
        )
    }

    typealias Descriptor = [String: Any]

    let root: FilePath
    var types = Types.oci

    init(_ root: FilePath) { self.root = root }

    /// Writes a blob.
    func blob(_ bytes: [UInt8], _ type: String?) throws -> Descriptor {
        let digest = ContentHasher.hash(bytes.span)
        try Files.write(bytes, to: root.appending("blobs/sha256/\(digest)"))
        var result: Descriptor = ["digest": "sha256:\(digest)", "size": bytes.count]
        result["mediaType"] = type
        return result
    }

    /// Writes a document as a blob.
    func document(_ value: [String: Any], _ type: String?) throws -> Descriptor {
        try blob([UInt8](JSONSerialization.data(withJSONObject: value, options: .sortedKeys)), type)
    }

    /// Returns the tar stream of a layer.
    static func tar(_ files: [File]) -> [UInt8] {
        var bytes: [UInt8] = []
        for file in files {
            TarHeader(path: file.path, kind: file.kind, mode: file.mode, time: 1, owner: file.owner)
                .append(to: &bytes)
            bytes += file.content
            bytes += [UInt8](repeating: 0, count: TarHeader.padding(for: file.content.count))
        }
        return bytes + TarHeader.end
    }

    static func compress(_ bytes: [UInt8], _ form: Form) throws -> [UInt8] {
        var result: [UInt8] = []
        switch form {
        case .plain: return bytes
        case .gzip: try GzipCompressor(level: 1).append(bytes.span, to: &result)
        case .zstd: try ZstdCompressor(level: 1).append(bytes.span, to: &result)
        }
        return result
    }

    /// Writes an image.
    ///
    /// - Parameters:
    ///   - architecture: The architecture in the configuration.
    ///   - layers: The members of each layer.
    ///   - form: The way in which layers are stored.
    ///   - configure: A function that may change the configuration.
    /// - Returns: The descriptor of the manifest.
    /// - Throws: The error of the file system.
    func image(
        _ architecture: String = "amd64",
        layers: [[File]] = [[.directory("var"), .directory("var/cache")]],
        form: Form = .gzip,
        configure: (inout [String: Any]) -> Void = { _ in }
    ) throws -> Descriptor {
        let streams = layers.map(Self.tar)
        let suffix = form == .plain ? "" : (types.layer.contains("docker") ? "." : "+") + form.rawValue
        let blobs = try streams.map { try blob(Self.compress($0, form), types.layer + suffix) }
        var configuration: [String: Any] = [
            "architecture": architecture, "os": "linux", "config": ["Env": ["PATH=/bin"]],
            "rootfs": [
                "type": "layers", "diff_ids": streams.map { "sha256:\(ContentHasher.hash($0.span))" },
            ] as [String: Any],
        ]
        configure(&configuration)
        let manifest: [String: Any] = [
            "schemaVersion": 2, "mediaType": types.manifest,
            "config": try document(configuration, types.configuration), "layers": blobs,
        ]
        return try document(manifest, types.manifest)
    }

    /// Writes an attestation of an image, as buildx does.
    func attestation(of image: Descriptor) throws -> Descriptor {
        let manifest: [String: Any] = [
            "schemaVersion": 2, "mediaType": Types.oci.manifest,
            "config": try document(["architecture": "unknown", "os": "unknown"], Types.oci.configuration),
            "layers": [try blob(Array("{}".utf8), "application/vnd.in-toto+json")],
        ]
        return try document(manifest, Types.oci.manifest).merging(
            [
                "platform": ["architecture": "unknown", "os": "unknown"],
                "annotations": ["vnd.docker.reference.type": "attestation-manifest"],
            ]
        ) { $1 }
    }

    /// Writes an index as a blob.
    func index(_ manifests: [Descriptor]) throws -> Descriptor {
        try document(
            ["schemaVersion": 2, "mediaType": types.index, "manifests": manifests],
            types.index
        )
    }

    /// Writes the index of the layout.
    func finish(_ manifests: [Descriptor]) throws {
        let value: [String: Any] = ["schemaVersion": 2, "manifests": manifests]
        let bytes = [UInt8](try JSONSerialization.data(withJSONObject: value))
        try Files.write(bytes, to: root.appending("index.json"))
        try Files.write(Array(#"{"imageLayoutVersion":"1.0.0"}"#.utf8), to: root.appending("oci-layout"))
    }

    /// Returns a descriptor with a platform.
    static func on(_ architecture: String, _ variant: String? = nil, _ image: Descriptor) -> Descriptor {
        var platform = ["architecture": architecture, "os": "linux"]
        platform["variant"] = variant
        return image.merging(["platform": platform]) { $1 }
    }

    /// Returns a descriptor with a tag.
    static func tagged(_ tag: String, _ image: Descriptor) -> Descriptor {
        image.merging(["annotations": ["org.opencontainers.image.ref.name": tag]]) { $1 }
    }
}
