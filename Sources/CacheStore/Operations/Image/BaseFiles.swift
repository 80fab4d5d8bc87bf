/// The files of a base that come into the base's layout when they are needed, for example from a registry.
package protocol BaseFiles: Sendable {
    /// Brings a manifest or an index into the layout.
    ///
    /// - Throws: The error for which it can't be brought.
    func bring(manifest digest: ObjectID) async throws

    /// Brings blobs into the layout: a configuration, or layers.
    ///
    /// - Parameters:
    ///   - blobs: The blobs, each of them once.
    ///   - progress: Called with the number of bytes that have come since the last call.
    /// - Throws: The error for which a blob can't be brought.
    func bring(
        blobs: [(digest: ObjectID, byteCount: Int)],
        _ progress: @escaping @Sendable (Int) -> Void
    ) async throws
}

extension LayerOperation {
    /// The number of documents that are brought before an image is chosen: the manifests and configurations
    /// of images without a platform, and indexes in each other.
    private static let mostDocuments = 3 * BaseLayout.unknownLimit

    /// Brings what the layout of the base lacks of the image that is chosen.
    ///
    /// - Parameters:
    ///   - reference: The place of the image in the layout.
    ///   - platform: The wanted platform; `nil` if it is not known.
    ///   - files: The way to the files.
    /// - Returns: The image.
    /// - Throws: As ``BaseImage/init(_:platform:)`` and `files` do.
    func bringing(
        _ reference: Layers.Options.BaseReference,
        _ platform: ImagePlatform?,
        from files: any BaseFiles
    ) async throws -> BaseImage {
        var layout = try await WorkerThreads.perform {
            try BaseLayout(reference.layout, tag: reference.tag)
        }
        for _ in 0...Self.mostDocuments {
            let lack = try await WorkerThreads.perform { [layout] in try layout.lack(for: platform) }
            guard let lack else {
                let image = try await WorkerThreads.perform { try BaseImage(reference, platform: platform) }
                try ImageLimits.check(image)
                let blobs = image.layers.reduce(into: [:]) { $0[$1.digest] = $1.size }
                counters.begin("fetching the base", bytes: blobs.values.reduce(0, +), items: 0)
                try await files.bring(blobs: blobs.map { ($0.key, $0.value) }) { [counters] in
                    counters.add(bytes: $0, items: 0)
                }
                return image
            }
            if let size = lack.configurationSize {
                try await files.bring(blobs: [(lack.digest, size)]) { _ in }
            } else {
                try await files.bring(manifest: lack.digest)
            }
            layout = try await WorkerThreads.perform { [layout] in
                var filled = layout
                try filled.fill(lack)
                return filled
            }
        }
        throw BaseDocument.damaged("its index leads to too many documents", reference.layout)
    }
}
