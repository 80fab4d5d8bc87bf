import SystemPackage

/// An image in an OCI layout that another image is built upon.
struct BaseImage: Sendable {
    /// A layer of the image.
    struct Layer: Sendable {
        var digest: ObjectID
        var size: Int
        /// The SHA-256 of the layer's tar stream that the configuration states.
        var contentDigest: ObjectID
        /// The manifest's descriptor of the layer, in OCI's media types.
        var descriptor: JSONValue
    }

    /// The digest of the image's manifest.
    let digest: ObjectID

    /// The image's configuration.
    let configuration: JSONValue

    /// The image's layers, the lowest first.
    private(set) var layers: [Layer]

    /// The directory of the image's layout.
    let layout: FilePath

    private let blobs: FilePath

    /// Finds and reads an image.
    ///
    /// - Parameters:
    ///   - reference: The place of the image.
    ///   - platform: The platform to choose where there are several images.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound`` if there is no such image,
    ///   ``CacheStoreError/Code/badArgument`` if several images fit, ``CacheStoreError/Code/corruptArchive``,
    ///   or as the system says.
    init(_ reference: Layers.Options.BaseReference, platform: ImagePlatform?) throws(CacheStoreError) {
        let root = reference.layout
        layout = root
        blobs = root.appending(LayoutDirectory.blobsDirectory).appending("sha256")
        let (digest, manifest) = try BaseLayout(root, tag: reference.tag).choose(platform)
        self.digest = digest
        guard let configuration = manifest["config"], let descriptors = manifest["layers"]?.elements else {
            throw BaseDocument.damaged("its manifest names no configuration and layers", root)
        }
        self.configuration = try BaseDocument.blob(configuration, in: blobs).document
        let contents = try Self.contentDigests(self.configuration, root)
        guard contents.count == descriptors.count else {
            throw BaseDocument.damaged("its configuration does not name its layers", root)
        }
        var layers: [Layer] = []
        var known: [ObjectID: Layer] = [:]
        for (var descriptor, content) in zip(descriptors, contents) {
            let (digest, size) = try BaseDocument.reference(descriptor, root)
            if let other = known[digest], other.size != size || other.contentDigest != content {
                throw BaseDocument.damaged("it gives one layer two sizes or contents", root)
            }
            // The bytes of the blob itself may stand in a descriptor, unchecked (`descriptor.md`, "data").
            descriptor["data"] = nil
            if let type = descriptor["mediaType"]?.string.flatMap(ImageDocuments.MediaType.layer(ofDocker:)) {
                descriptor["mediaType"] = .string(type)
            }
            let layer = Layer(digest: digest, size: size, contentDigest: content, descriptor: descriptor)
            known[digest] = layer
            layers.append(layer)
        }
        self.layers = layers
    }

    /// Checks what a configuration states, and returns the SHA-256 of each layer's content.
    private static func contentDigests(
        _ configuration: JSONValue,
        _ root: FilePath
    ) throws(CacheStoreError) -> [ObjectID] {
        switch configuration["config"]?["Env"] {
        case nil, .null: break
        case let environment?:
            guard environment.strings != nil else {
                throw BaseDocument.damaged("its configuration's `Env` is no list of strings", root)
            }
        }
        guard let texts = configuration["rootfs"]?["diff_ids"]?.strings else {
            throw BaseDocument.damaged("its configuration does not name its layers", root)
        }
        var digests: [ObjectID] = []
        for text in texts {
            guard let digest = BaseDocument.digest(text) else {
                throw BaseDocument.damaged("its configuration names a layer by no SHA-256", root)
            }
            digests.append(digest)
        }
        return digests
    }

    /// Returns the path of a layer's file.
    func path(of layer: Layer) -> FilePath { blobs.appending(layer.digest.description) }

    /// Compares the types of layers with their content, and gives the layers whose descriptors name no type
    /// the type that follows from their content.
    ///
    /// - Parameter compressions: The compression of each layer, as media types name it.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` for a layer that is
    /// not   compressed as its type says: engines believe the type.
    mutating func complete(_ compressions: [String?]) throws(CacheStoreError) {
        for (index, compression) in compressions.enumerated() {
            let right = ImageDocuments.MediaType.layer(compression)
            guard let type = layers[index].descriptor["mediaType"]?.string, !type.isEmpty else {
                layers[index].descriptor["mediaType"] = .string(right)
                continue
            }
            guard type.hasPrefix("application/vnd.oci.image.layer."), type.contains(".tar") else { continue }
            guard type.split(separator: "+").dropFirst().first.map(String.init) == compression else {
                let message = "the layer's type is `\(type.excerpt)`, but its content is `\(right)`"
                throw BaseDocument.damaged(message, path(of: layers[index]))
            }
        }
    }
}
