import SystemPackage

extension LayerOperation {
    /// Chooses the base, if there is one.
    func base(for sources: [Source]) async throws -> BaseImage? {
        guard let reference = options.base else { return nil }
        let asked = options.architecture.flatMap(ImagePlatform.init(argument:))
        let wanted = asked ?? platforms(of: sources).only
        if let baseFiles { return try await bringing(reference, wanted, from: baseFiles) }
        let image = try await WorkerThreads.perform { try BaseImage(reference, platform: wanted) }
        try ImageLimits.check(image)
        return image
    }

    /// Returns the platforms that sources are for.
    ///
    /// The packages of a source tell it, if there are some, and otherwise the recorded environment.
    private func platforms(of sources: [Source]) -> Set<ImagePlatform> {
        var found: Set<ImagePlatform> = []
        for environment in sources.map(\.environment) {
            let built = Set(environment.origins.map(\.architecture))
            let name = built.only ?? environment["GOARCH"]
            guard var platform = ImagePlatform(argument: name) else { continue }
            // `GOARM` may also state how floating-point numbers are computed, as in `7,softfloat`.
            let level = environment["GOARM"].prefix { $0 != "," }
            if name == "arm", !level.isEmpty { platform.variant = "v\(level)" }
            found.insert(platform)
        }
        return found
    }

    /// Returns the architecture that the image names, and its variant.
    func architecture(
        _ sources: [Source],
        _ base: BaseImage?
    ) throws(CacheStoreError) -> (name: String, variant: String?) {
        let asked = options.architecture.flatMap(ImagePlatform.init(argument:))
        if let base, let own = ImagePlatform(base.configuration) {
            guard asked.map({ !$0.best(of: [own]).isEmpty }) ?? true else {
                throw CacheStoreError(
                    .badArgument,
                    "the base is for \(own.text.excerpt), and not for `\(options.architecture ?? "")`",
                    path: base.layout
                )
            }
            return (own.architecture, own.variant)
        }
        if let asked { return (asked.architecture, asked.variant) }
        let found = platforms(of: sources)
        guard let platform = found.only else {
            let names = Set(found.map(\.architecture)).sorted { $0.precedes($1) }
            throw CacheStoreError(
                .badArgument,
                names.isEmpty
                    ? "the archive does not say which architecture it is for"
                    : "the sources are for several architectures: \(names.joined(separator: ", "))",
                path: archive.path,
                remedy: .nameArchitecture
            )
        }
        return (platform.architecture, platform.variant)
    }

    /// The greatest memory for the names of the base's files, in bytes: about three million files.
    private static let memoryForNames = 512 << 20

    /// The members and the compression of a layer of the base.
    private struct Content: Sendable {
        var entries: [TarEntry]
        var compression: String?
    }

    /// Takes over the layers of the base, and reads the names of its files on the way.
    ///
    /// - Parameter base: The base; descriptors of layers without a type get one.
    /// - Returns: The files of the base; `nil` without a base.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``, or as the system
    ///   says; or `CancellationError`.
    func adopt(_ base: inout BaseImage?) async throws -> BaseTree? {
        guard let image = base else { return nil }
        let layers = image.layers.reduce(into: [:]) { $0[$1.digest] = $1 }.values
            .sorted { $0.size > $1.size }
        counters.begin("reading the base", bytes: layers.reduce(0) { $0 + $1.size }, items: layers.count)
        let found = Gathered<[ObjectID: Content]>([:])
        let budget = BlockBudget(Self.memoryForNames)
        try await WorkerThreads.forEach(
            below: layers.count,
            threads: WorkerThreads.count(for: options.jobs),
            state: { 0 }
        ) { [output, counters] _, index, cancellation in
            let layer = layers[index]
            let content = try Self.adopt(layer, of: image, to: output, budget, cancellation)
            found.update { $0[layer.digest] = content }
            counters.add(bytes: layer.size)
        }
        let contents = found.value
        try base?.complete(image.layers.map { contents[$0.digest]?.compression })
        return try await WorkerThreads.perform {
            var tree = BaseTree()
            for layer in image.layers {
                do {
                    try tree.apply(contents[layer.digest]?.entries ?? [])
                } catch {
                    let path = image.path(of: layer)
                    throw BaseDocument.damaged("the layer can't be read", path, cause: error)
                }
            }
            return tree
        }
    }

    private static func adopt(
        _ layer: BaseImage.Layer,
        of image: BaseImage,
        to output: any ImageOutput,
        _ budget: BlockBudget,
        _ cancellation: WorkerThreads.Cancellation
    ) throws -> Content {
        let file = try BaseDocument.opened(image.path(of: layer), followsLinks: false)
        var reader = BaseLayerReader(budget)
        do {
            try output.adopt(file, layer.digest, size: layer.size) { piece in
                try cancellation.check()
                try reader.append(piece)
            }
            guard try reader.finish() == layer.contentDigest else {
                throw TarReader.Fault(
                    description: "its content does not have the SHA-256 in the configuration"
                )
            }
        } catch {
            throw Self.unreadable(error, file.path)
        }
        return Content(entries: reader.entries, compression: reader.compression)
    }

    /// Returns the error for a layer that can't be read: either the image is damaged, or the machine lacks
    /// something.
    static func unreadable(_ error: any Error, _ path: FilePath) -> any Error {
        let isDamage =
            switch error {
            case let error as ZlibError: error.isDamage
            case let error as ZstdError: !error.isLackOfMemory
            case is TarReader.Fault: true
            default: false
            }
        if isDamage {
            return BaseDocument.damaged("the layer can't be read", path, cause: error)
        }
        return error is ZlibError || error is ZstdError ? CacheStoreError.undecoded(error, path) : error
    }
}

extension Set {
    /// The only element, or `nil` if there are none or several.
    fileprivate var only: Element? { count == 1 ? first : nil }
}
