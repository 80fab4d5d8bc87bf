import SystemPackage

/// One run of a ``Layers``.
struct LayerOperation: Sendable {
    /// The memory for finished parts of layers that wait for their turn, in bytes.
    private static let budget = 8 << 20

    /// The memory for parts of layers that are being made, in bytes: for all threads, and for each.
    ///
    /// With the index, the compressors and the finished parts, the whole takes 64 MiB, and 8 MiB per thread.
    private static let workMemory = (all: 16 << 20, thread: 7 << 20)

    let options: Layers.Options
    let archive: Archive
    let output: any ImageOutput
    let counters: ProgressCounters

    /// The way to files of the base that its layout lacks, if there is one.
    var baseFiles: (any BaseFiles)?

    private var threads: Int { WorkerThreads.count(for: options.jobs) }

    func run() async throws -> Layers.Report {
        counters.begin("reading the index", bytes: 0, items: 0)
        let (whole, stated) = try await WorkerThreads.performCancellable { [archive] cancellation in
            let (set, digest, zips) = try archive.membersAndZips()
            try zips.check(with: ChunkReader(archive)) { try cancellation.check() }
            return (set, digest)
        }
        let selection = try await PatternSelection(
            of: archive,
            only: options.only,
            options.included,
            options.excluded,
            jobs: options.jobs,
            counters
        )
        let chosen = try selection?.set ?? options.only.map { try whole.selecting($0) } ?? whole
        let selected = chosen.settled()
        // Two images of different members must not claim one digest.
        let digest = options.only == nil && selection == nil ? stated : selected.digest
        let sources = whole.sources.filter { options.only?.contains($0.label) ?? true }
        var base = try await base(for: sources)
        let architecture = try architecture(sources, base)
        let tree = try await adopt(&base)
        let directories = try ImageDirectories(options, base: tree)
        let names = try await WhiteoutNames(in: selected, archive, options, counters)
        let environment = ImageEnvironment(options, base: base?.configuration)
        let warnings = try warnings(whole, environment, architecture.name, directories)
        let plan = try await plan(names, of: whole, above: base)
        try ImageLimits.check(layers: plan.layers.count, above: base)
        archive.prepare { plan.chunks() }
        let layers = try await make(LayerMaker(plan, options, directories))
        let image = Image(
            archiveDigest: digest,
            sources: sources,
            base: base,
            layers: layers,
            architecture: architecture,
            environment: environment
        )
        let documents = try await WorkerThreads.perform { try finish(image) }
        return Layers.Report(
            archiveDigest: digest,
            manifestDigest: documents.manifest,
            configurationDigest: documents.configuration,
            layers: layers,
            baseLayers: base?.layers.count ?? 0,
            baseBytes: base?.layers.reduce(0) { $0 + $1.size } ?? 0,
            architecture: architecture.name,
            warnings: warnings + (selection?.warnings ?? []) + names.warnings
                + ImageLimits.warnings(about: layers, above: base, isSplit: options.splits)
        )
    }

    /// The properties of an image that its documents describe.
    private struct Image: Sendable {
        var archiveDigest: ObjectID
        var sources: [Source]
        var base: BaseImage?
        var layers: [Layers.Report.Layer]
        var architecture: (name: String, variant: String?)
        var environment: ImageEnvironment
    }

    // MARK: - Layers

    /// Decides which members go into which layer.
    private func plan(
        _ found: WhiteoutNames,
        of whole: MemberSet,
        above base: BaseImage?
    ) async throws -> LayerPlan {
        let caches = options.caches
        guard options.splits else { return LayerPlan(found.set, caches: caches, zips: found.zips) }
        let outputs = whole.outputs.indices.map { OutputNumber($0) }
        let names = try await PackageNames(of: whole, outputs, in: archive, jobs: options.jobs, counters)
        let count = min(LayerSplit.layerLimit, ImageLimits.dockerLayers - (base?.layers.count ?? 0))
        return try await WorkerThreads.perform {
            LayerSplit(whole, names, count: count).plan(found.set, caches: caches, zips: found.zips)
        }
    }

    /// Makes all layers.
    private func make(_ maker: LayerMaker) async throws -> [Layers.Report.Layer] {
        let plan = maker.plan
        let parts = plan.layers.map { layer in plan.parts(of: layer) { $0.size >= LayerMaker.largeSize } }
        let order = Self.order(of: parts.map { $0.map(\.bytes) }, lanes: threads)
        let budget = BlockBudget(Self.budget)
        var sinks: [LayerSink] = []
        for (number, parts) in parts.enumerated() {
            let file = try output.creatingBlob(number)
            sinks.append(
                LayerSink(
                    file,
                    parts: parts.count,
                    budget: budget,
                    archive: archive.path,
                    lasts: output.lasts
                )
            )
        }
        let memory = LayerMemory(
            Self.workMemory.all + threads * Self.workMemory.thread,
            for: order.map { maker.need(of: parts[$0.layer][$0.part].part) }
        )
        let made = Gathered<[Int: Layers.Report.Layer]>([:])
        counters.begin(
            "writing layers",
            bytes: parts.joined().reduce(0) { $0 + $1.bytes },
            items: order.count
        )
        try await WorkerThreads.forEach(
            below: order.count,
            threads: threads,
            state: { [archive, options] in try LayerMaker.Worker(archive, options, memory) }
        ) { [sinks, output, counters] worker, _, cancellation in
            let (number, position) = order[try worker.next()]
            let layer = plan.layers[number]
            let (part, bytes) = parts[number][position]
            do {
                worker.stream.begin(position, of: sinks[number])
                try maker.make(part, of: layer, with: &worker) { try cancellation.check() }
                if let outcome = try worker.stream.end() {
                    try output.nameBlob(number, outcome.digest)
                    made.update { $0[number] = Layers.Report.Layer(layer, outcome) }
                }
            } catch {
                cancellation.cancel()
                memory.stop()
                for sink in sinks { sink.stop() }
                throw error
            }
            counters.add(bytes: bytes)
        }
        let layers = made.value
        return plan.layers.indices.compactMap { layers[$0] }
    }

    /// Returns the order in which parts are begun.
    ///
    /// The parts of each layer keep their order, and the layers lie side by side in lanes. Therefore threads
    /// seldom wait for each other, and few layers are open at a time.
    ///
    /// - Parameters:
    ///   - layers: The bytes of each part of each layer.
    ///   - lanes: The number of lanes.
    /// - Returns: The numbers of layers, and the positions of parts in them.
    static func order(of layers: [[Int]], lanes: Int) -> [(layer: Int, part: Int)] {
        var ends = [Int](repeating: 0, count: max(1, lanes))
        var begins: [(begin: Int, layer: Int, part: Int)] = []
        for (layer, parts) in layers.enumerated() {
            let lane = ends.indices.min { ends[$0] < ends[$1] } ?? 0
            for (part, bytes) in parts.enumerated() {
                begins.append((ends[lane], layer, part))
                ends[lane] += bytes + 1
            }
        }
        return begins.sorted { ($0.begin, $0.layer, $0.part) < ($1.begin, $1.layer, $1.part) }
            .map { ($0.layer, $0.part) }
    }

    // MARK: - The image

    private func warnings(
        _ set: MemberSet,
        _ environment: ImageEnvironment,
        _ architecture: String,
        _ directories: ImageDirectories
    ) throws(CacheStoreError) -> [Warning] {
        let sources = set.comparableSources().filter { options.only?.contains($0.label) ?? true }
        return Compatibility.warnings(among: sources)
            + environment.warnings(sources, architecture, directories) + (try directories.warnings())
    }

    /// Writes the documents, and finishes the image.
    ///
    /// - Returns: The digests of the manifest and of the configuration.
    private func finish(
        _ image: Image
    ) throws(CacheStoreError) -> (manifest: ObjectID, configuration: ObjectID) {
        counters.begin("writing to disk", bytes: 0, items: 0)
        let configuration = ImageDocuments.configuration(
            base: image.base?.configuration,
            baseLayers: image.base?.layers.count ?? 0,
            layers: image.layers,
            architecture: image.architecture,
            variables: image.environment.added
        )
        let configurationText = Array(configuration.text.utf8)
        try ImageLimits.check("configuration", bytes: configurationText.count, above: image.base)
        let configurationDigest = try output.write(blob: configurationText)
        let labels = image.sources.map(\.label).joined(separator: ",")
        var annotations: [(key: String, value: JSONValue)] = [
            (ImageDocuments.Annotation.archive, .string(ImageDocuments.text(image.archiveDigest))),
            (ImageDocuments.Annotation.sources, .string(labels)),
        ]
        if let base = image.base {
            annotations.append(
                (ImageDocuments.Annotation.baseDigest, .string(ImageDocuments.text(base.digest)))
            )
        }
        let manifest = ImageDocuments.manifest(
            configuration: (configurationDigest, configurationText.count),
            baseLayers: image.base?.layers.map(\.descriptor) ?? [],
            layers: image.layers,
            compression: options.compression,
            annotations: annotations
        )
        let manifestText = Array(manifest.text.utf8)
        try ImageLimits.check("manifest", bytes: manifestText.count, above: image.base)
        let manifestDigest = ContentHasher.hash(manifestText.span)
        let index = ImageDocuments.index(
            manifest: (manifestDigest, manifestText.count),
            architecture: image.architecture,
            system: configuration["os"]?.string ?? "linux",
            tag: options.tag
        )
        try output.publish(manifest: manifestText, index: Array(index.text.utf8))
        return (manifestDigest, configurationDigest)
    }
}

extension Layers.Report.Layer {
    /// Creates the description of a layer that was made.
    fileprivate init(_ layer: LayerPlan.Layer, _ outcome: LayerSink.Outcome) {
        self.init(
            title: layer.title,
            digest: outcome.digest,
            diffID: outcome.diffID,
            bytes: outcome.bytes,
            tarBytes: outcome.tarBytes,
            splicedBytes: outcome.splicedBytes,
            sources: layer.sources
        )
    }
}
