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
    /// The number of documents that are brought before an image is chosen; an index lists fewer images.
    private static let mostDocuments = 256

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
        for _ in 0..<Self.mostDocuments {
            let lack = try await WorkerThreads.perform {
                try BaseLayout(reference.layout, tag: reference.tag).lack(for: platform)
            }
            switch lack {
            case .manifest(let digest): try await files.bring(manifest: digest)
            case .configuration(let digest, let size): try await files.bring(blobs: [(digest, size)]) { _ in }
            case nil:
                let image = try await WorkerThreads.perform { try BaseImage(reference, platform: platform) }
                let blobs = image.layers.reduce(into: [:]) { $0[$1.digest] = $1.size }
                counters.begin("fetching the base", bytes: blobs.values.reduce(0, +), items: 0)
                try await files.bring(blobs: blobs.map { ($0.key, $0.value) }) { [counters] in
                    counters.add(bytes: $0, items: 0)
                }
                return image
            }
        }
        throw BaseDocument.damaged("its index leads to too many documents", reference.layout)
    }
}
