import SystemPackage

/// The limits of engines and registries that an image must keep to.
enum ImageLimits {
    /// The maximum number of layers of an image, the base's included, as overlay drivers have it.
    static let layers = 127

    /// The maximum number of layers that Docker's own image store takes: two of the others belong to a
    /// container (moby's layer/layer_store.go, `maxLayerDepth`).
    static let dockerLayers = 125

    /// The maximum length of a manifest or a configuration, in bytes: that of registries
    /// (`MaxManifestPayloadSize` of distribution is 4 MiB).
    static let document = 4 << 20

    /// The length of a layer, in bytes, above which some registries refuse it: GitHub's has 10 GB.
    static let layerBytes = 10_000_000_000

    /// The maximum length of a path in the image, in bytes: Linux opens paths of up to 4095 bytes.
    static let path = 4095

    /// The maximum length of an element of a path, in bytes, in the usual file systems.
    static let element = 255

    /// Checks the number of a base's layers, before any of them is fetched: the caches need one more.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    static func check(_ base: BaseImage) throws(CacheStoreError) {
        guard base.layers.count >= layers else { return }
        throw CacheStoreError(
            .badArgument,
            "the base has \(base.layers.count) layers; engines take at most \(layers), those of the caches "
                + "included",
            path: base.layout,
            remedy: .flattenBase
        )
    }

    /// Checks the number of layers.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    static func check(layers count: Int, above base: BaseImage?) throws(CacheStoreError) {
        let below = base?.layers.count ?? 0
        guard below + count > layers else { return }
        let layers = count == 1 ? "1 layer" : "\(count) layers"
        throw CacheStoreError(
            .badArgument,
            "the base has \(below) layers and the caches make \(layers); engines take at most \(Self.layers)",
            path: base?.layout,
            remedy: .flattenBase
        )
    }

    /// Checks the length of a document.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    static func check(_ name: String, bytes: Int, above base: BaseImage?) throws(CacheStoreError) {
        guard bytes > document else { return }
        throw CacheStoreError(
            .badArgument,
            "the image's \(name) would have \(bytes) bytes; registries take at most \(document)",
            path: base?.layout,
            remedy: base == nil ? nil : .flattenBase
        )
    }

    /// Returns warnings about layers that some registries and engines refuse.
    static func warnings(
        about layers: [Layers.Report.Layer],
        above base: BaseImage?,
        isSplit: Bool
    ) -> [Warning] {
        var warnings: [Warning] = []
        let count = layers.count + (base?.layers.count ?? 0)
        if count > dockerLayers {
            let message =
                "the image has \(count) layers; Docker's own store refuses more than \(dockerLayers)"
            warnings.append(Warning(code: .layerSize, message: message, remedy: .flattenBase))
        }
        return warnings
            + layers.filter { $0.bytes > layerBytes }.map { layer in
                Warning(
                    code: .layerSize,
                    message:
                        "the layer `\(layer.title)` has \(layer.bytes / 1_000_000_000) GB; some registries "
                        + "refuse layers of more than 10 GB, GitHub's for one",
                    remedy: isSplit ? nil : .cutLayers
                )
            }
    }
}
