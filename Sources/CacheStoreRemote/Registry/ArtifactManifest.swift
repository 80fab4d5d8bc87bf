public import CacheStore
import FoundationEssentials

/// The manifest of an artifact that holds archives: an OCI image manifest, whose layers are the archives.
///
/// The archives of one artifact are read as their union. The bytes of a manifest follow from its values
/// alone: there is no time in it.
///
/// Source: OCI image specification 1.1, `manifest.md`, *Guidelines for Artifact Usage*.
public struct ArtifactManifest: Hashable, Sendable {
    /// The media type of the manifest itself.
    public static let mediaType = "application/vnd.oci.image.manifest.v1+json"

    /// The type of the artifact.
    public static let artifactType = "application/vnd.cachestore.archive.v1"

    /// The media type of a layer, which is an archive as it is.
    public static let layerType = "application/vnd.cachestore.archive.v1.castore"

    /// The media type of a configuration that says nothing.
    static let emptyType = "application/vnd.oci.empty.v1+json"

    /// The empty configuration that the specification gives to artifacts.
    static var emptyConfiguration: (bytes: [UInt8], digest: ObjectID) {
        let bytes = Array("{}".utf8)
        return (bytes, ContentHasher.hash(bytes.span))
    }

    /// One archive of an artifact.
    public struct Layer: Hashable, Sendable {
        /// The SHA-256 of the archive's file.
        public var digest: ObjectID
        /// The length of the archive's file, in bytes.
        public var byteCount: Int
        /// The name of the file that `oras pull` writes; `nil` for none.
        public var title: String?
        /// The digest of the archive, which depends on the members alone.
        public var archiveDigest: ObjectID?
        /// The SHA-256 of the index as it is stored, with which all that is read from the archive is checked.
        public var indexDigest: ObjectID?
        /// The length of the frames in front of the index, in bytes.
        public var frameByteCount: Int?
        /// The labels of the archive's sources.
        public var labels: [String]
        /// The versions of Go that the sources were packed with.
        public var goVersions: [String]
        /// The targets of the sources, for example `linux/amd64`.
        public var targets: [String]

        /// Creates a layer.
        public init(
            digest: ObjectID,
            byteCount: Int,
            title: String? = nil,
            archiveDigest: ObjectID? = nil,
            indexDigest: ObjectID? = nil,
            frameByteCount: Int? = nil,
            labels: [String] = [],
            goVersions: [String] = [],
            targets: [String] = []
        ) {
            (self.digest, self.byteCount, self.title) = (digest, byteCount, title)
            (self.archiveDigest, self.indexDigest) = (archiveDigest, indexDigest)
            (self.frameByteCount, self.labels) = (frameByteCount, labels)
            (self.goVersions, self.targets) = (goVersions, targets)
        }
    }

    /// The archives, in the order in which their union is formed.
    public var layers: [Layer]

    /// Further annotations of the artifact, for example `org.opencontainers.image.source`.
    public var annotations: [String: String]

    /// Creates the manifest of some archives.
    public init(layers: [Layer], annotations: [String: String] = [:]) {
        (self.layers, self.annotations) = (layers, annotations)
    }

    /// The greatest number of layers that is read.
    static let mostLayers = 1000
}

// MARK: - JSON

extension ArtifactManifest {
    /// The names of a layer's annotations.
    enum Annotation {
        static let title = "org.opencontainers.image.title"
        static let archive = "cachestore.archive.digest"
        static let index = "cachestore.index.sha256"
        static let frames = "cachestore.frames.bytes"
        static let labels = "cachestore.labels"
        static let go = "cachestore.go.versions"
        static let targets = "cachestore.targets"
    }

    /// The document as it stands in JSON.
    struct Document: Codable {
        struct Descriptor: Codable {
            var mediaType: String
            var digest: String
            var size: Int
            var annotations: [String: String]?
        }
        var schemaVersion: Int?
        var mediaType: String?
        var artifactType: String?
        var config: Descriptor?
        var layers: [Descriptor]?
        var manifests: [Descriptor]?
        var annotations: [String: String]?
    }

    /// The manifest as JSON with sorted keys: the same bytes for the same values.
    public var bytes: [UInt8] {
        let (configuration, digest) = Self.emptyConfiguration
        let document = Document(
            schemaVersion: 2,
            mediaType: Self.mediaType,
            artifactType: Self.artifactType,
            config: .init(mediaType: Self.emptyType, digest: "sha256:\(digest)", size: configuration.count),
            layers: layers.map {
                .init(
                    mediaType: Self.layerType,
                    digest: "sha256:\($0.digest)",
                    size: $0.byteCount,
                    annotations: $0.annotations.isEmpty ? nil : $0.annotations
                )
            },
            annotations: annotations.isEmpty ? nil : annotations
        )
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // A document of texts and integers always has a form in JSON.
        return (try? encoder.encode(document)).map { Array($0) } ?? []
    }

    /// Reads a manifest.
    ///
    /// - Parameters:
    ///   - manifest: The bytes that a registry gave, and their media type.
    ///   - name: The address, for messages.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notAnArchive`` if the manifest is not
    ///   one of archives.
    public init(_ manifest: Registry.Manifest, name: String) throws(CacheStoreError) {
        func refused(_ reason: String, _ remedy: Remedy = .nameArtifact) -> CacheStoreError {
            CacheStoreError(.notAnArchive, "`\(name)` is no artifact of archives: \(reason)", remedy: remedy)
        }
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(manifest.bytes)) else {
            throw refused("its manifest is not the JSON of one")
        }
        guard document.manifests == nil else { throw refused("it is an index of several images") }
        guard let layers = document.layers, let configuration = document.config else {
            throw refused("its manifest names no layers")
        }
        let isImage =
            configuration.mediaType.contains("image.config")
            || configuration.mediaType.contains("container.image")
        let type = document.artifactType ?? configuration.mediaType
        guard type == Self.artifactType else {
            throw refused(
                isImage && document.artifactType == nil
                    ? "it is a container image" : "it is an artifact of type `\(WebFailure.plain(type))`"
            )
        }
        guard !layers.isEmpty, layers.count <= Self.mostLayers else {
            throw refused("it has \(layers.count) layers", .distrust)
        }
        var read: [Layer] = []
        for descriptor in layers {
            guard descriptor.mediaType == Self.layerType else {
                throw refused("a layer has the type `\(WebFailure.plain(descriptor.mediaType))`", .upgrade)
            }
            guard let layer = Layer(descriptor) else {
                throw refused("a layer has no SHA-256 and size, or annotations that are none", .distrust)
            }
            read.append(layer)
        }
        self.init(layers: read, annotations: document.annotations ?? [:])
    }
}

extension ArtifactManifest.Layer {
    private typealias Annotation = ArtifactManifest.Annotation

    /// The annotations of the layer.
    var annotations: [String: String] {
        var result: [String: String] = [:]
        result[Annotation.title] = title
        result[Annotation.archive] = archiveDigest?.description
        result[Annotation.index] = indexDigest?.description
        result[Annotation.frames] = frameByteCount.map(String.init)
        for (name, values) in [
            (Annotation.labels, labels), (Annotation.go, goVersions), (Annotation.targets, targets),
        ] where !values.isEmpty {
            result[name] = JSONValue.strings(values).text
        }
        return result
    }

    /// Reads a layer; `nil` if a digest or a number in it is none.
    init?(_ descriptor: ArtifactManifest.Document.Descriptor) {
        let digits = descriptor.digest.hasPrefix("sha256:") ? descriptor.digest.dropFirst(7) : ""
        guard let digest = ObjectID(String(digits)), (0...(1 << 44)).contains(descriptor.size) else {
            return nil
        }
        let notes = descriptor.annotations ?? [:]
        self.init(digest: digest, byteCount: descriptor.size, title: notes[Annotation.title])
        for (name, path) in [
            (Annotation.archive, \Self.archiveDigest), (Annotation.index, \Self.indexDigest),
        ] {
            guard let text = notes[name] else { continue }
            guard let id = ObjectID(text) else { return nil }
            self[keyPath: path] = id
        }
        if let text = notes[Annotation.frames] {
            guard let number = ContentRange.number(text), number <= byteCount else { return nil }
            frameByteCount = number
        }
        for (name, path) in [
            (Annotation.labels, \Self.labels), (Annotation.go, \Self.goVersions),
            (Annotation.targets, \Self.targets),
        ] {
            guard let text = notes[name] else { continue }
            guard let values = try? JSONDecoder().decode([String].self, from: Data(text.utf8)) else {
                return nil
            }
            self[keyPath: path] = values
        }
    }
}
