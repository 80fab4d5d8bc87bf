public import CacheStore
import FoundationEssentials

/// The manifest of an artifact that holds archives: an OCI image manifest, whose layers are the archives.
///
/// The archives of one artifact are read as their union. An artifact may also hold one archive in pieces. The
/// bytes of a manifest follow from its values alone: there is no time in it.
///
/// Source: OCI image specification 1.1, `manifest.md`, *Guidelines for Artifact Usage*.
public struct ArtifactManifest: Hashable, Sendable {
    /// The media type of the manifest itself.
    public static let mediaType = "application/vnd.oci.image.manifest.v1+json"

    /// The type of the artifact.
    public static let artifactType = "application/vnd.cachestore.archive.v1"

    /// The media type of the configuration of an artifact whose layers hold one archive in pieces: see
    /// ``ArtifactAssembly``.
    public static let assemblyType = "application/vnd.cachestore.assembly.v1+json"

    /// The media type of a configuration that says nothing.
    static let emptyType = "application/vnd.oci.empty.v1+json"

    /// The empty configuration that the specification gives to artifacts.
    static var emptyConfiguration: (bytes: [UInt8], digest: ObjectID) {
        let bytes = Array("{}".utf8)
        return (bytes, ContentHasher.hash(bytes.span))
    }

    /// A content of a layer; the raw value is the layer's media type.
    public enum Kind: String, CaseIterable, Sendable {
        /// An archive as it is.
        case archive = "application/vnd.cachestore.archive.v1.castore"
        /// Frames of an archive, one after another: a valid file of zstd.
        case frames = "application/vnd.cachestore.frames.v1+zstd"
        /// The trailer of an archive: all bytes behind its frames.
        case trailer = "application/vnd.cachestore.trailer.v1"
    }

    /// A blob that is no layer.
    public struct Blob: Hashable, Sendable {
        /// The SHA-256 of the content.
        public var digest: ObjectID
        /// The length of the content, in bytes.
        public var byteCount: Int
    }

    /// One layer of an artifact.
    public struct Layer: Hashable, Sendable {
        /// The content.
        public var kind: Kind
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
            _ kind: Kind = .archive,
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
            (self.kind, self.digest, self.byteCount, self.title) = (kind, digest, byteCount, title)
            (self.archiveDigest, self.indexDigest) = (archiveDigest, indexDigest)
            (self.frameByteCount, self.labels) = (frameByteCount, labels)
            (self.goVersions, self.targets) = (goVersions, targets)
        }
    }

    /// The archives whose union the artifact names, or the parts of one archive.
    public var layers: [Layer]

    /// The ``ArtifactAssembly`` that makes one archive of the layers; `nil` if each layer is an archive.
    public var assembly: Blob?

    /// Further annotations of the artifact, for example `org.opencontainers.image.source`.
    public var annotations: [String: String]

    /// Creates the manifest of some archives.
    public init(layers: [Layer], assembly: Blob? = nil, annotations: [String: String] = [:]) {
        (self.layers, self.assembly, self.annotations) = (layers, assembly, annotations)
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

            /// The digest as a SHA-256; `nil` if it is none.
            var digestID: ObjectID? {
                digest.hasPrefix("sha256:") ? ObjectID(String(digest.dropFirst(7))) : nil
            }
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
        let (empty, emptyDigest) = Self.emptyConfiguration
        let configuration = assembly ?? Blob(digest: emptyDigest, byteCount: empty.count)
        let document = Document(
            schemaVersion: 2,
            mediaType: Self.mediaType,
            artifactType: Self.artifactType,
            config: .init(
                mediaType: assembly == nil ? Self.emptyType : Self.assemblyType,
                digest: "sha256:\(configuration.digest)",
                size: configuration.byteCount
            ),
            layers: layers.map {
                .init(
                    mediaType: $0.kind.rawValue,
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

    /// Returns the type of what a manifest describes, for messages: an artifact's own, or that of its
    /// configuration.
    static func type(of manifest: Registry.Manifest) -> String {
        let document = try? JSONDecoder().decode(Document.self, from: Data(manifest.bytes))
        let type = document?.artifactType ?? document?.config?.mediaType ?? manifest.mediaType
        return type.isEmpty ? "something else" : type.excerpt
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
                    ? "it is a container image" : "it is an artifact of type `\(type.excerpt)`"
            )
        }
        guard !layers.isEmpty, layers.count <= Self.mostLayers else {
            throw refused("it has \(layers.count) layers", .distrust)
        }
        let isAssembled = configuration.mediaType == Self.assemblyType
        var assembly: Blob?
        if isAssembled {
            guard let digest = configuration.digestID,
                (0...ArtifactAssembly.longest).contains(configuration.size)
            else { throw refused("the list of its pieces has no SHA-256 and size", .distrust) }
            assembly = Blob(digest: digest, byteCount: configuration.size)
        }
        var read: [Layer] = []
        for descriptor in layers {
            guard let kind = Kind(rawValue: descriptor.mediaType), (kind == .archive || isAssembled) else {
                throw refused("a layer has the type `\(descriptor.mediaType.excerpt)`", .upgrade)
            }
            guard let layer = Layer(kind, descriptor) else {
                throw refused("a layer has no SHA-256 and size, or annotations that are none", .distrust)
            }
            read.append(layer)
        }
        self.init(layers: read, assembly: assembly, annotations: document.annotations ?? [:])
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
    init?(_ kind: ArtifactManifest.Kind, _ descriptor: ArtifactManifest.Document.Descriptor) {
        guard let digest = descriptor.digestID, (0...(1 << 44)).contains(descriptor.size) else { return nil }
        let notes = descriptor.annotations ?? [:]
        self.init(kind, digest: digest, byteCount: descriptor.size, title: notes[Annotation.title])
        for (name, path) in [
            (Annotation.archive, \Self.archiveDigest), (Annotation.index, \Self.indexDigest),
        ] {
            guard let text = notes[name] else { continue }
            guard let id = ObjectID(text) else { return nil }
            self[keyPath: path] = id
        }
        if let text = notes[Annotation.frames] {
            guard let number = ContentRange.number(text), kind != .archive || number <= byteCount else {
                return nil
            }
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
