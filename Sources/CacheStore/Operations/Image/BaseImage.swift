import SystemPackage

/// An image in an OCI layout that another image is built upon.
struct BaseImage: Sendable {
    /// A layer of the image.
    struct Layer: Sendable {
        var digest: ObjectID
        var size: Int
    }

    /// The digest of the image's manifest.
    let digest: ObjectID

    /// The image's configuration.
    let configuration: JSONValue

    /// The manifest's descriptors of the layers.
    let descriptors: [JSONValue]

    /// The image's layers, the lowest first.
    let layers: [Layer]

    private let blobs: FilePath

    /// The maximum length of manifests and configurations, in bytes.
    ///
    /// Registries refuse documents from 4 MiB on.
    private static let maximumSize = 8 << 20

    /// Finds and reads an image.
    ///
    /// - Parameters:
    ///   - reference: The place of the image.
    ///   - architecture: The architecture to choose where there are several images.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound`` if there is no such image,
    ///   ``CacheStoreError/Code/badArgument`` if several images fit, ``CacheStoreError/Code/corruptArchive``,
    ///   or as the system says.
    init(_ reference: Layers.Options.BaseReference, architecture: String?) throws(CacheStoreError) {
        let root = reference.layout
        blobs = root.appending(LayoutDirectory.blobsDirectory).appending("sha256")
        let index = try Self.document(root.appending(LayoutDirectory.indexFile))
        var candidates = index["manifests"]?.elements ?? []
        if let tag = reference.tag {
            func name(_ manifest: JSONValue) -> String? {
                manifest["annotations"]?[ImageDocuments.Annotation.name]?.string
            }
            let tags = candidates.compactMap(name)
            candidates.removeAll { name($0) != tag }
            guard !candidates.isEmpty else {
                let others =
                    tags.isEmpty ? "its images have no tags" : "its tags: \(tags.joined(separator: ", "))"
                throw CacheStoreError(
                    .notFound,
                    "the base layout has no image with the tag `\(tag)`; \(others)",
                    path: root,
                    remedy: tags.isEmpty ? nil : .nameTag
                )
            }
        }
        let manifest = try Self.manifest(candidates, root, blobs, architecture)
        digest = manifest.digest
        guard let configuration = manifest.document["config"],
            let descriptors = manifest.document["layers"]?.elements
        else { throw Self.damaged("its manifest names no configuration and layers", root) }
        self.configuration = try Self.blob(configuration, in: blobs).document
        self.descriptors = descriptors
        var layers: [Layer] = []
        for descriptor in descriptors {
            let (digest, size) = try Self.reference(descriptor, root)
            layers.append(Layer(digest: digest, size: size))
        }
        self.layers = layers
        guard self.configuration["rootfs"]?["diff_ids"]?.strings?.count == layers.count else {
            throw Self.damaged("its configuration does not name its layers", root)
        }
    }

    /// Returns the path of a layer's file.
    func path(of layer: Layer) -> FilePath { blobs.appending(layer.digest.description) }

    // MARK: - Reading

    /// Follows descriptors to the only manifest that they lead to.
    private static func manifest(
        _ candidates: [JSONValue],
        _ root: FilePath,
        _ blobs: FilePath,
        _ architecture: String?
    ) throws(CacheStoreError) -> (digest: ObjectID, document: JSONValue) {
        var found = candidates
        if found.count > 1, let architecture {
            found = found.filter { $0["platform"]?["architecture"]?.string == architecture }
        }
        guard let first = found.first, found.count == 1 else {
            let isNone = candidates.isEmpty
            throw CacheStoreError(
                isNone ? .notFound : .badArgument,
                isNone ? "the base layout has no image" : "the base layout has several images",
                path: root,
                remedy: isNone ? .nameTag : .nameTagOrArchitecture
            )
        }
        let blob = try blob(first, in: blobs)
        switch first["mediaType"]?.string {
        case ImageDocuments.MediaType.manifest: return blob
        case ImageDocuments.MediaType.index:
            // An index inside another index is not followed further, because no tool writes one.
            let inner = (blob.document["manifests"]?.elements ?? []).filter {
                $0["mediaType"]?.string == ImageDocuments.MediaType.manifest
            }
            return try manifest(inner, root, blobs, architecture)
        default:
            throw CacheStoreError(
                .badArgument,
                "the base is no OCI image, but \(first["mediaType"]?.string ?? "of no known type")",
                path: root,
                remedy: .convertBase
            )
        }
    }

    /// Reads the JSON document in the blob that a descriptor names.
    private static func blob(
        _ descriptor: JSONValue,
        in blobs: FilePath
    ) throws(CacheStoreError) -> (digest: ObjectID, document: JSONValue) {
        let (digest, _) = try reference(descriptor, blobs)
        let path = blobs.appending(digest.description)
        let bytes = try bytes(path)
        guard ContentHasher.hash(bytes.span) == digest else {
            throw damaged("the blob does not have its digest", path)
        }
        guard let document = JSONValue(bytes) else { throw damaged("the blob is not JSON", path) }
        return (digest, document)
    }

    private static func reference(
        _ descriptor: JSONValue,
        _ path: FilePath
    ) throws(CacheStoreError) -> (digest: ObjectID, size: Int) {
        guard let text = descriptor["digest"]?.string, text.hasPrefix("sha256:"),
            let digest = ObjectID(hexadecimal: Array(text.utf8.dropFirst(7)).span),
            let size = descriptor["size"]?.integer, size >= 0
        else { throw damaged("a descriptor has no SHA-256 and size", path) }
        return (digest, size)
    }

    private static func document(_ path: FilePath) throws(CacheStoreError) -> JSONValue {
        guard let document = JSONValue(try bytes(path)) else { throw damaged("it is not JSON", path) }
        return document
    }

    private static func bytes(_ path: FilePath) throws(CacheStoreError) -> [UInt8] {
        let bytes = try File(reading: path).bytes(count: maximumSize + 1)
        guard bytes.count <= maximumSize else { throw damaged("the document is too long", path) }
        return bytes
    }

    private static func damaged(_ message: String, _ path: FilePath) -> CacheStoreError {
        CacheStoreError(
            .corruptArchive,
            "damaged image: \(message)",
            path: path,
            remedy: .copyBaseAgain
        )
    }
}
