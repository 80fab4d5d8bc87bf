import SystemPackage

/// An image layout from which a base is chosen, with all images that its index leads to.
///
/// Tools write images in several ways: an image beside its attestations, indexes in indexes, several tags of
/// one image, Docker's media types, and descriptors without a type. An index also lists images of other
/// platforms whose files are not in the layout.
struct BaseLayout: Sendable {
    /// An image.
    struct Image: Sendable {
        var digest: ObjectID
        /// The manifest; `nil` if the file is not in the layout.
        var manifest: JSONValue?
        var platform: ImagePlatform?
        var tags: [String]
        /// Whether the configuration was read.
        var isConfigured = false
        /// The descriptor of the manifest, and the number of indexes that it is in.
        var place: (descriptor: JSONValue, depth: Int)

        /// Adds tags, of which messages show the first ones.
        mutating func add(_ others: [String]) {
            for tag in others {
                guard tags.count < BaseLayout.tagLimit else { return }
                if !tags.contains(tag) { tags.append(tag) }
            }
        }
    }

    /// The kinds of documents that descriptors lead to.
    private enum Kind {
        case manifest, index, unknown

        init(_ type: String?, _ document: JSONValue?) {
            switch type ?? document?["mediaType"]?.string {
            case ImageDocuments.MediaType.manifest, ImageDocuments.MediaType.dockerManifest:
                self = .manifest
            case ImageDocuments.MediaType.index, ImageDocuments.MediaType.dockerList: self = .index
            case nil, "", "application/json", "application/octet-stream":
                // Documents of some tools name no type, but have the members of one.
                if document?["manifests"]?.elements != nil {
                    self = .index
                } else {
                    self = document?["layers"]?.elements == nil ? .unknown : .manifest
                }
            default: self = .unknown
            }
        }
    }

    /// The number of indexes in each other that are followed; tools write two.
    private static let depthLimit = 16

    /// The number of images that a message lists.
    private static let listLimit = 12

    /// The number of tags of an image that a message shows.
    private static let tagLimit = 2

    /// The number of images without a platform that are fetched to learn their platforms.
    ///
    /// Tools write the platforms into an index. For documents without them, a message tells what to do.
    static let unknownLimit = 16

    private let path: FilePath
    private let blobs: FilePath

    /// The images, each of them once.
    private var images: [Image] = []

    /// The positions of the images.
    private var positions: [ObjectID: Int] = [:]

    /// The type of a document that is neither an image nor an index, if there is one.
    private var otherType: String?

    private var indexes: Set<ObjectID> = []

    /// The length of each document that a descriptor names.
    private var sizes: [ObjectID: Int] = [:]

    /// Reads the index of a layout, and all documents that it leads to.
    ///
    /// - Parameters:
    ///   - path: The directory of the layout.
    ///   - tag: The tag of the wanted image; `nil` for all images.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound`` if no image has the tag,
    ///   ``CacheStoreError/Code/corruptArchive``, or as the system says.
    init(_ path: FilePath, tag: String?) throws(CacheStoreError) {
        self.path = path
        blobs = path.appending(LayoutDirectory.blobsDirectory).appending("sha256")
        let index = try Self.index(of: path)
        var tops = index["manifests"]?.elements ?? []
        if let tag { tops = try Self.select(tag, from: tops, path) }
        for top in tops { try collect(top, tags: Self.tags(of: top), depth: 0) }
    }

    private static func index(of path: FilePath) throws(CacheStoreError) -> JSONValue {
        let file = path.appending(LayoutDirectory.indexFile)
        do {
            return try BaseDocument.read(file)
        } catch  where error.code == .notFound || error.cause as? Errno == .notDirectory {
            throw CacheStoreError(
                .notFound,
                "the base is no image layout: there is no `\(LayoutDirectory.indexFile)`",
                path: path,
                remedy: .convertBase,
                cause: error.cause
            )
        }
    }

    // MARK: - Tags

    /// Returns the names that a descriptor has, the tag first.
    private static func tags(of descriptor: JSONValue) -> [String] {
        let names = [ImageDocuments.Annotation.name, ImageDocuments.Annotation.containerdName]
        return names.compactMap { descriptor["annotations"]?[$0]?.string }.filter { !$0.isEmpty }
    }

    /// Returns the tag in the name of an image: `1.25` for `docker.io/library/golang:1.25`.
    private static func shortTag(_ name: String) -> String {
        let last = name.split(separator: "/").last.map(String.init) ?? name
        guard let colon = last.lastIndex(of: ":") else { return name }
        return String(last[last.index(after: colon)...])
    }

    /// Returns the descriptors with a tag: as it is, or else as a part of a longer name, or the other way
    /// round.
    private static func select(
        _ tag: String,
        from tops: [JSONValue],
        _ path: FilePath
    ) throws(CacheStoreError) -> [JSONValue] {
        let exact = tops.filter { tags(of: $0).contains(tag) }
        if !exact.isEmpty { return exact }
        let short = tops.filter { tags(of: $0).contains { shortTag($0) == tag || $0 == shortTag(tag) } }
        if !short.isEmpty { return short }
        let all = Set(tops.flatMap { tags(of: $0).prefix(1) }).sorted { $0.precedes($1) }
        let others = all.isEmpty ? "its images have no tags" : "its tags: \(list(all.map(\.excerpt)))"
        throw CacheStoreError(
            .notFound,
            "the base has no image with the tag `\(tag)`; \(others)",
            path: path,
            remedy: all.isEmpty ? .omitTag : .nameTag
        )
    }

    private static func list(_ texts: [String]) -> String {
        let rest = texts.count - listLimit
        return texts.prefix(listLimit).joined(separator: ", ") + (rest > 0 ? ", and \(rest) more" : "")
    }

    // MARK: - Images

    /// Adds the images that a descriptor leads to.
    private mutating func collect(_ descriptor: JSONValue, tags: [String], depth: Int) throws(CacheStoreError)
    {
        // Attestations and other artifacts state so in one of these ways.
        let platform = ImagePlatform(descriptor["platform"])
        if descriptor["annotations"]?[ImageDocuments.Annotation.reference] != nil { return }
        if platform?.isUnknown == true || descriptor["artifactType"]?.string?.isEmpty == false { return }
        let (digest, size) = try BaseDocument.reference(descriptor, path)
        // A document is read for the first descriptor that names it.
        guard (sizes.updateValue(size, forKey: digest) ?? size) == size else {
            throw BaseDocument.damaged("its indexes give one blob two sizes", path)
        }
        if let known = positions[digest] {
            images[known].add(tags)
            return
        }
        var image = Image(digest: digest, platform: platform, tags: [], place: (descriptor, depth))
        image.add(tags)
        guard let document = try document(descriptor) else {
            append(image)
            return
        }
        switch Kind(descriptor["mediaType"]?.string, document) {
        case .index:
            guard depth < Self.depthLimit else {
                throw BaseDocument.damaged("its indexes are nested too deeply", path)
            }
            guard indexes.insert(digest).inserted else { return }
            for inner in document["manifests"]?.elements ?? [] {
                try collect(inner, tags: tags, depth: depth + 1)
            }
        case .manifest:
            image.manifest = document
            try add(image, document)
        case .unknown:
            otherType = descriptor["mediaType"]?.string ?? document["mediaType"]?.string ?? "of no known type"
        }
    }

    private mutating func append(_ image: Image) {
        positions[image.digest] = images.count
        images.append(image)
    }

    private mutating func add(_ image: Image, _ manifest: JSONValue) throws(CacheStoreError) {
        let configuration = manifest["config"]
        let type = configuration?["mediaType"]?.string ?? ""
        // The configuration of an artifact has a type of its own (`manifest.md`, "artifactType").
        guard manifest["artifactType"]?.string?.isEmpty ?? true,
            type.isEmpty || ImageDocuments.MediaType.configurations.contains(type)
        else {
            otherType = manifest["artifactType"]?.string ?? type
            return
        }
        var image = image
        if image.platform == nil, let configuration, let document = try document(configuration) {
            image.platform = ImagePlatform(document)
            image.isConfigured = true
        }
        if image.platform?.isUnknown == true { return }
        append(image)
    }

    /// Reads the document of a descriptor, or returns `nil` if its file is not in the layout.
    private func document(_ descriptor: JSONValue) throws(CacheStoreError) -> JSONValue? {
        do {
            return try BaseDocument.blob(descriptor, in: blobs).document
        } catch  where error.code == .notFound {
            return nil
        }
    }

    // MARK: - Choosing

    /// Returns the only image that fits.
    ///
    /// - Parameter platform: The wanted platform; `nil` if it is not known.
    /// - Returns: The digest and the manifest.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound`` if there is no such image,
    ///   or ``CacheStoreError/Code/badArgument`` if several images fit.
    func choose(_ platform: ImagePlatform?) throws(CacheStoreError) -> (digest: ObjectID, manifest: JSONValue)
    {
        let image = try chosen(platform)
        guard let manifest = image.manifest else {
            throw refuse(
                .notFound,
                "the base lists the image \(descriptions([image])), but does not hold its files",
                .copyBaseAgain
            )
        }
        return (image.digest, manifest)
    }

    /// Returns the only image that fits, of which the layout may lack files.
    private func chosen(_ platform: ImagePlatform?) throws(CacheStoreError) -> Image {
        guard !images.isEmpty else { throw noImage() }
        let linux = images.filter { $0.platform?.system ?? "linux" == "linux" }
        guard !linux.isEmpty else {
            let found = descriptions(images)
            throw refuse(.badArgument, "the caches need a base for Linux; this one has \(found)")
        }
        var left = linux
        if left.count > 1, let platform {
            let best = Set(platform.best(of: left.compactMap(\.platform)))
            left = left.filter { $0.platform.map(best.contains) ?? false }
            guard !left.isEmpty else {
                throw refuse(
                    .notFound,
                    "the base has no image for \(platform.text); it has \(descriptions(linux))",
                    .nameTagOrArchitecture
                )
            }
        }
        if left.count > 1, left.contains(where: { $0.manifest != nil }) {
            left.removeAll { $0.manifest == nil }
        }
        guard let image = left.first, left.count == 1 else {
            throw refuse(
                .badArgument,
                "the base has several images: \(descriptions(left))",
                .nameTagOrArchitecture
            )
        }
        return image
    }

    /// A document that a layout lacks.
    struct Lack: Sendable {
        /// The digest of the document.
        var digest: ObjectID
        /// The length of a configuration, in bytes; `nil` for a manifest.
        var configurationSize: Int?
        /// The digest of the image.
        fileprivate var image: ObjectID
    }

    /// Returns a document that the layout lacks, without which no image can be chosen or read; `nil` if it
    /// lacks none.
    ///
    /// - Throws: As ``choose(_:)`` does, and ``CacheStoreError`` with code
    ///   ``CacheStoreError/Code/corruptArchive``, or ``CacheStoreError/Code/badArgument`` if too many images
    ///   have no platform.
    func lack(for platform: ImagePlatform?) throws(CacheStoreError) -> Lack? {
        let unknown = images.filter { $0.platform == nil }
        guard unknown.count <= Self.unknownLimit else {
            throw refuse(
                .badArgument,
                "the base lists \(unknown.count) images without their platforms; name one by its digest",
                .nameTagOrArchitecture
            )
        }
        for image in unknown {
            if let lack = try lack(of: image) { return lack }
        }
        return try lack(of: chosen(platform))
    }

    private func lack(of image: Image) throws(CacheStoreError) -> Lack? {
        guard let manifest = image.manifest else { return Lack(digest: image.digest, image: image.digest) }
        guard !image.isConfigured, let configuration = manifest["config"],
            try document(configuration) == nil
        else { return nil }
        let (digest, size) = try BaseDocument.reference(configuration, path)
        guard size <= BaseDocument.maximumSize else {
            throw BaseDocument.damaged("the document is too long", path)
        }
        return Lack(digest: digest, configurationSize: size, image: image.digest)
    }

    /// Reads a document that the layout lacked before, and no other one again.
    ///
    /// - Throws: As ``init(_:tag:)`` does.
    mutating func fill(_ lack: Lack) throws(CacheStoreError) {
        guard let position = positions[lack.image] else { return }
        let image = images.remove(at: position)
        positions = [:]
        for (index, image) in images.enumerated() { positions[image.digest] = index }
        try collect(image.place.descriptor, tags: image.tags, depth: image.place.depth)
    }

    private func noImage() -> CacheStoreError {
        guard let otherType else {
            return refuse(.notFound, "the base has no image", .copyBaseAgain)
        }
        if otherType.hasPrefix("application/vnd.cachestore.") {
            return refuse(.badArgument, "the base is an archive of caches, and no image", .nameImage)
        }
        return refuse(.badArgument, "the base is no image, but \(otherType.excerpt)", .convertBase)
    }

    /// Returns the tags and platforms of images, for messages.
    private func descriptions(_ images: [Image]) -> String {
        Self.list(
            images.map { image in
                let platform = image.platform?.text.excerpt ?? "of no known platform"
                let tags = image.tags.map { "`\($0.excerpt)`" }.joined(separator: " or ")
                return tags.isEmpty ? platform : "\(tags) (\(platform))"
            }
        )
    }

    private func refuse(
        _ code: CacheStoreError.Code,
        _ message: String,
        _ remedy: Remedy? = nil
    ) -> CacheStoreError {
        CacheStoreError(code, message, path: path, remedy: remedy)
    }
}
