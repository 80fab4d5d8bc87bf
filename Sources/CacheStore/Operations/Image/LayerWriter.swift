public import SystemPackage

/// Writes the caches of an archive as an image: an OCI image layout, whose layers hold what a restore would make.
///
/// The same archive and options give the same bytes, whatever the number of threads, the user, the umask or the time.
/// Nothing is restored on the way: large outputs go over as the archive stores them, all else is compressed once.
public struct LayerWriter: Sendable {
    /// How to write.
    public let options: LayerOptions

    /// Creates a writer.
    public init(options: LayerOptions = LayerOptions()) { self.options = options }

    /// Writes an image.
    ///
    /// - Parameters:
    ///   - archive: The archive.
    ///   - path: The directory of the layout. It appears under this name when it is whole, or not at all.
    ///   - progress: Is told how far the work has come.
    /// - Returns: What was written.
    /// - Throws: ``CacheStoreError`` (``CacheStoreError/Code/badArgument``, ``CacheStoreError/Code/exists``,
    ///   ``CacheStoreError/Code/corruptArchive`` for an archive or a base that can't be trusted, or as the system
    ///   says), or `CancellationError` if the task was cancelled.
    /// - Complexity: O(*n*) in the bytes of the members; memory for the index, 16 MiB, and some chunks a thread.
    public func run(
        _ archive: Archive,
        to path: FilePath,
        progress: ProgressHandler? = nil
    ) async throws -> LayerReport {
        try options.check()
        return try await ProgressCounters.reporting(to: progress) { counters in
            let layout = try LayoutDirectory(for: path, overwrite: options.overwrite)
            do {
                return try await LayerOperation(
                    options: options,
                    archive: archive,
                    layout: layout,
                    counters: counters
                ).run()
            } catch {
                layout.discard()
                throw error
            }
        }
    }
}

extension LayerOptions {
    /// Refuses what can't be.
    fileprivate func check() throws(CacheStoreError) {
        func refuse(_ message: String, _ path: FilePath? = nil, _ hint: String? = nil) -> CacheStoreError {
            CacheStoreError(.badArgument, message, path: path, hint: hint)
        }
        let paths = [caches.buildCache, caches.moduleCache].compactMap(\.self)
        guard !paths.isEmpty else { throw refuse("neither GOCACHE nor GOMODCACHE is to be in the image") }
        for path in paths {
            guard path.isAbsolute, path.isLexicallyNormal, !path.components.isEmpty else {
                throw refuse("a cache's directory in the image must be an absolute path", path)
            }
        }
        if paths.count == 2, paths[0].starts(with: paths[1]) || paths[1].starts(with: paths[0]) {
            throw refuse("one cache can't lie in the other", paths[0])
        }
        guard profile.seals else {
            throw refuse(
                "the profile `\(profile.rawValue)` has the present time, which an image has not",
                nil,
                "use `image`, or `readonly`"
            )
        }
        guard Self.levels(of: compression).contains(effectiveLevel) else {
            throw refuse("the level of \(compression.rawValue) is not in \(Self.levels(of: compression))")
        }
        guard (0...0xFFFF_FFFE).contains(owner.user), (0...0xFFFF_FFFE).contains(owner.group) else {
            throw refuse("the numbers of user and group must be 0 to 4294967294")
        }
        guard tag.map(Self.isValid(tag:)) ?? true else {
            throw refuse(
                "`\(tag ?? "")` can't be the name of an image",
                nil,
                "use letters, digits, and single `-`, `.`, `_`, `:`, `@`, `/` or `+` between them"
            )
        }
        guard architecture?.isEmpty != true else { throw refuse("the architecture is empty") }
    }

    /// Whether a text may be the annotation `org.opencontainers.image.ref.name` (`annotations.md`).
    private static func isValid(tag: String) -> Bool {
        guard tag.utf8.count <= 1024 else { return false }
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
        }
        let parts = tag.utf8.split(omittingEmptySubsequences: false) { "-._:@/+".utf8.contains($0) }
        return parts.allSatisfy { !$0.isEmpty && $0.allSatisfy(isAlphanumeric) }
    }
}

/// One run of a ``LayerWriter``.
struct LayerOperation: Sendable {
    /// The memory for parts of layers that wait for others, for each thread, in bytes.
    private static let budget = 8 << 20

    let options: LayerOptions
    let archive: Archive
    let layout: LayoutDirectory
    let counters: ProgressCounters

    private var threads: Int { WorkerThreads.count(for: options.jobs) }

    func run() async throws -> LayerReport {
        counters.begin("reading the index", bytes: 0, items: 0)
        let base = try options.base.map { try BaseImage($0, architecture: options.architecture) }
        let (whole, digest) = try await WorkerThreads.perform { [archive] in try archive.members() }
        let set = (try options.only.map { try whole.selecting($0) } ?? whole).settled()
        let sources = whole.sources.filter { options.only?.contains($0.label) ?? true }
        let architecture = try architecture(sources, base)
        let plan = try await plan(set, of: whole)
        let layers = try await make(plan)
        if let base { try await adopt(base) }
        var report = LayerReport(
            archiveDigest: digest,
            manifestDigest: digest,
            configurationDigest: digest,
            layers: layers,
            architecture: architecture.name
        )
        report.baseLayers = base?.layers.count ?? 0
        report.baseBytes = base?.layers.reduce(0) { $0 + $1.size } ?? 0
        report.warnings = warnings(whole)
        try finish(&report, base, architecture, sources)
        return report
    }

    // MARK: - Layers

    /// Decides which members go into which layer.
    private func plan(_ set: MemberSet, of whole: MemberSet) async throws -> LayerPlan {
        guard options.splits else { return LayerPlan(set, caches: options.caches) }
        let names = try await Explainer.names(
            of: whole,
            Array(whole.outputs.indices),
            in: archive,
            jobs: options.jobs,
            counters
        )
        let caches = options.caches
        return try await WorkerThreads.perform {
            LayerSplit(whole, names.mapValues(\.importPath)).plan(set, caches: caches)
        }
    }

    /// Makes all layers.
    private func make(_ plan: LayerPlan) async throws -> [LayerReport.Layer] {
        let maker = LayerMaker(plan, options)
        let parts = plan.layers.map { layer in plan.parts(of: layer) { $0.size >= LayerMaker.largeSize } }
        let order = Self.order(of: parts.map { $0.map(\.bytes) }, lanes: threads)
        let budget = BlockBudget(Self.budget * max(2, threads))
        var sinks: [LayerSink] = []
        for (number, parts) in parts.enumerated() {
            let file = try layout.creatingBlob(number)
            sinks.append(LayerSink(file, parts: parts.count, budget: budget, archive: archive.path))
        }
        let made = Gathered<[Int: LayerReport.Layer]>([:])
        counters.begin(
            "writing layers",
            bytes: parts.joined().reduce(0) { $0 + $1.bytes },
            items: order.count
        )
        try await WorkerThreads.forEach(
            below: order.count,
            threads: threads,
            state: { [archive, options] in
                LayerMaker.Worker(
                    reader: try ChunkReader(archive),
                    stream: try LayerStream(options.compression, level: options.effectiveLevel)
                )
            }
        ) { [sinks, layout, counters] worker, index, cancellation in
            let (number, position) = order[index]
            let layer = plan.layers[number]
            let (part, bytes) = parts[number][position]
            do {
                worker.stream.begin(position, of: sinks[number])
                try maker.make(part, of: layer, with: &worker) { try cancellation.check() }
                if let outcome = try worker.stream.end() {
                    try layout.nameBlob(number, outcome.digest)
                    made.update { $0[number] = LayerReport.Layer(layer, outcome) }
                }
            } catch {
                cancellation.cancel()
                for sink in sinks { sink.stop() }
                throw error
            }
            counters.add(bytes: bytes)
        }
        let layers = made.value
        return plan.layers.indices.compactMap { layers[$0] }
    }

    /// The order in which parts are begun: each layer's in their order, and the layers in lanes side by side, so that
    /// threads seldom wait for each other, and few layers are open at a time.
    ///
    /// - Parameters:
    ///   - layers: The bytes of each part of each layer.
    ///   - lanes: The number of lanes.
    /// - Returns: Layers and positions of parts.
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

    private func adopt(_ base: BaseImage) async throws {
        counters.begin("taking over the base", bytes: 0, items: base.layers.count)
        try await WorkerThreads.forEach(
            below: base.layers.count,
            threads: threads,
            state: { 0 }
        ) { [layout, counters] _, index, cancellation in
            let layer = base.layers[index]
            let file = try File(reading: base.path(of: layer), followsLinks: false)
            try layout.adopt(file, layer.digest, size: layer.size) { try cancellation.check() }
            counters.add(bytes: 0)
        }
    }

    /// The architecture that the image names, and its variant.
    private func architecture(
        _ sources: [Source],
        _ base: BaseImage?
    ) throws(CacheStoreError) -> (name: String, variant: String?) {
        if let base, let name = base.configuration["architecture"]?.string {
            guard options.architecture == nil || options.architecture == name else {
                throw CacheStoreError(
                    .badArgument,
                    "the base is for `\(name)`, and not for `\(options.architecture ?? "")`",
                    path: options.base?.layout
                )
            }
            return (name, base.configuration["variant"]?.string)
        }
        if let name = options.architecture { return (name, nil) }
        let found = Set(sources.map { [$0.environment["GOARCH"], $0.environment["GOARM"]] })
        guard let name = found.first?[0], found.count == 1, !name.isEmpty else {
            let names = Set(found.map { $0[0] }).subtracting([""]).sorted { $0.precedes($1) }
            throw CacheStoreError(
                .badArgument,
                names.isEmpty
                    ? "the archive does not say which architecture it is for"
                    : "the sources are for several architectures: \(names.joined(separator: ", "))",
                path: archive.path,
                hint: "name one, as in `--arch amd64`"
            )
        }
        // `GOARM` may say how floating-point numbers are computed, too: `7,softfloat`.
        let variant = name == "arm" ? found.first?[1].prefix { $0 != "," } : nil
        return (name, variant.flatMap { $0.isEmpty ? nil : "v\($0)" })
    }

    private func warnings(_ set: MemberSet) -> [Warning] {
        let sources = set.comparableSources().filter { options.only?.contains($0.label) ?? true }
        var there = GoEnvironment()
        if let path = options.caches.moduleCache { there.variables["GOMODCACHE"] = path.string }
        return Compatibility.warnings(among: sources)
            + Compatibility.warnings(for: sources, restoredTo: there)
    }

    /// Writes the documents, and gives the layout its name.
    private func finish(
        _ report: inout LayerReport,
        _ base: BaseImage?,
        _ architecture: (name: String, variant: String?),
        _ sources: [Source]
    ) throws(CacheStoreError) {
        counters.begin("writing to disk", bytes: 0, items: 0)
        var variables: [(name: String, value: String)] = []
        if options.setsEnvironment {
            if let path = options.caches.buildCache { variables.append(("GOCACHE", path.string)) }
            if let path = options.caches.moduleCache { variables.append(("GOMODCACHE", path.string)) }
        }
        let configuration = ImageDocuments.configuration(
            base: base?.configuration,
            baseLayers: report.baseLayers,
            layers: report.layers,
            architecture: architecture,
            variables: variables
        )
        let configurationText = Array(configuration.text.utf8)
        report.configurationDigest = try layout.write(blob: configurationText)
        var annotations: [(key: String, value: JSONValue)] = [
            (ImageDocuments.Annotation.archive, .string(ImageDocuments.text(report.archiveDigest))),
            (
                ImageDocuments.Annotation.sources,
                .string(sources.map(\.label).joined(separator: ","))
            ),
        ]
        if let base {
            annotations.append(
                (ImageDocuments.Annotation.baseDigest, .string(ImageDocuments.text(base.digest)))
            )
        }
        let manifest = ImageDocuments.manifest(
            configuration: (report.configurationDigest, configurationText.count),
            baseLayers: base?.descriptors ?? [],
            layers: report.layers,
            compression: options.compression,
            annotations: annotations
        )
        let manifestText = Array(manifest.text.utf8)
        report.manifestDigest = try layout.write(blob: manifestText)
        let index = ImageDocuments.index(
            manifest: (report.manifestDigest, manifestText.count),
            architecture: architecture,
            system: configuration["os"]?.string ?? "linux",
            tag: options.tag
        )
        try layout.publish(index: Array(index.text.utf8))
    }
}

extension LayerReport.Layer {
    /// Describes a layer that was made.
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
