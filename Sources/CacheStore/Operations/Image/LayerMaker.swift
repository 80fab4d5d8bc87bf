import Glibc
import SystemPackage

/// A maker of the parts of layers: the files that a restore would write, as members of tar streams.
struct LayerMaker: Sendable {
    /// The state that a worker uses for all of its parts.
    struct Worker: ~Copyable {
        var reader: ChunkReader
        let stream: LayerStream

        /// The memory that the worker has.
        let share: LayerMemory.Share
    }

    /// The time of the image, and of files for which Go keeps no time, in seconds since 1970.
    ///
    /// The time is 1980-01-01 00:00:00 UTC, the earliest that a zip can hold. It must lie in the past,
    /// because Go does not index a directory with files from the future (cmd/go/internal/modindex/read.go,
    /// `dirHash`).
    static let time = 315_532_800

    /// The length, in bytes, from which on an output is a part of its own.
    ///
    /// The frames of such an output are taken as they are.
    ///
    /// <doc:ImageLayers> states the cost of other lengths.
    static let largeSize = 256 << 10

    let plan: LayerPlan
    let options: Layers.Options

    /// The time of the entries of GOCACHE.
    private let sealTime: Int

    private let directories: ImageDirectories
    private let manifests = LayerManifests()

    private var buildRoot: String { directories.buildRoot }
    private var moduleRoot: String { directories.moduleRoot }

    /// The mode of the files of GOMODCACHE outside of trees.
    private var moduleMode: mode_t { options.profile.moduleFileMode }

    init(_ plan: LayerPlan, _ options: Layers.Options, _ directories: ImageDirectories) {
        (self.plan, self.options, self.directories) = (plan, options, directories)
        sealTime = BuildCacheLayout.sealTime(for: plan.set.sources)
    }

    /// Makes a part of a layer.
    func make(
        _ part: LayerPlan.Part,
        of layer: LayerPlan.Layer,
        with worker: inout Worker,
        check: () throws -> Void
    ) throws {
        switch part {
        case .directories:
            for header in try directories.headers(of: layer, plan) { try worker.stream.append(header) }
        case .entries(let actions, let outputs):
            for index in actions { try append(plan.set.actions[index], to: worker.stream) }
            for index in outputs {
                try append(plan.set.outputs[index], splices: false, with: &worker, check)
            }
        case .output(let index, let chunks):
            try append(
                plan.set.outputs[index],
                chunks,
                splices: options.compression == .zstd,
                with: &worker,
                check
            )
        case .modules(let modules):
            for index in modules { try append(plan.modules[index], with: &worker, check) }
        case .tree(let module, let chunks):
            try append(plan.modules[module], chunks, with: &worker, check)
        case .end:
            try appendRoots(of: layer, to: worker.stream)
            let end = TarHeader.end
            try worker.stream.append(end.span)
        }
    }

    // MARK: - Members

    private func append(
        _ path: String,
        _ kind: TarHeader.Kind,
        _ mode: mode_t,
        _ time: Int = Self.time,
        to stream: LayerStream
    ) throws {
        try stream.append(
            TarHeader(path: path, kind: kind, mode: mode, time: time, owner: options.owner)
        )
    }

    private func appendFile(
        _ path: String,
        _ bytes: [UInt8],
        _ mode: mode_t,
        _ time: Int = Self.time,
        to stream: LayerStream
    ) throws {
        try append(path, .file(bytes.count), mode, time, to: stream)
        try stream.append(bytes.span)
        try stream.pad(bytes.count)
    }

    /// Appends content of the archive, and requests a check of the content against its name.
    ///
    /// - Parameters:
    ///   - member: The member, by its kind and name.
    ///   - id: The SHA-256 of the content.
    ///   - list: The chunks of the content.
    ///   - part: The positions of the chunks to append; `nil` for all.
    ///   - splices: Whether the frames of the chunks are taken as they are.
    ///   - worker: The worker that reads and writes.
    ///   - check: Called before each chunk.
    /// - Throws: ``CacheStoreError``, or the error of `check`.
    private func appendContent(
        _ member: String,
        _ id: ObjectID,
        _ list: ChunkList,
        _ part: Range<Int>? = nil,
        splices: Bool = false,
        with worker: inout Worker,
        _ check: () throws -> Void
    ) throws {
        let chunks = list.numbers.map { plan.set.chunks[$0] }
        let part = part ?? chunks.indices
        // The name of a stream's only chunk is also the name of the whole stream. The reader checks it.
        let isNamed = chunks.count == 1 && chunks[0].id == id
        if !isNamed, part.lowerBound == 0 { worker.stream.beginFile() }
        for chunk in chunks[part] {
            try check()
            try CacheStoreError.naming(member) { try worker.reader.read(chunk, isCovered: !isNamed) }
            if splices {
                let (content, frame) = (worker.reader.content, worker.reader.frame)
                try worker.stream.splice(content, frame: frame, isChecked: !isNamed)
            } else {
                try worker.stream.append(worker.reader.content.span, isChecked: !isNamed)
            }
        }
        guard part.upperBound == chunks.count else { return }
        if !isNamed { try worker.stream.endFile(member, id, from: worker.reader.frames.path) }
        try worker.stream.pad(chunks.reduce(0) { $0 + $1.contentBytes })
    }

    // MARK: - GOCACHE

    private func append(_ action: MemberSet.Action, to stream: LayerStream) throws {
        guard let number = plan.set.outputNumber(of: action.output) else { return }
        let size = plan.set.outputs[number].size
        let entry = ActionEntry(action: action.id, output: action.output, size: size)
        let name = BuildCacheLayout.name(ofAction: action.id)
        try appendFile("\(buildRoot)/\(name)", entry.bytes, 0o644, sealTime, to: stream)
    }

    private func append(
        _ output: MemberSet.Output,
        _ part: Range<Int>? = nil,
        splices: Bool,
        with worker: inout Worker,
        _ check: () throws -> Void
    ) throws {
        if part?.lowerBound ?? 0 == 0 {
            var path = "\(buildRoot)/\(BuildCacheLayout.name(ofOutput: output.id))"
            var mode: mode_t = 0o644
            if let file = output.executable {
                try append(path, .directory, 0o755, sealTime, to: worker.stream)
                for name in directories.strays(inOutput: path, besides: file) {
                    let whiteout = "\(path)/\(ImageDirectories.whiteout(of: name))"
                    try append(whiteout, .file(0), 0o644, to: worker.stream)
                }
                path += "/\(file)"
                mode = 0o755
            }
            try append(path, .file(output.size), mode, sealTime, to: worker.stream)
        }
        let member = "output \(output.id)"
        try appendContent(member, output.id, output.chunks, part, splices: splices, with: &worker, check)
    }

    // MARK: - GOMODCACHE

    private func append(
        _ module: LayerPlan.Module,
        _ part: Range<Int>? = nil,
        with worker: inout Worker,
        _ check: () throws -> Void
    ) throws {
        if part?.lowerBound ?? 0 == 0 { try appendDownloads(of: module, with: &worker, check) }
        guard let index = module.tree else { return }
        do {
            if let size = plan.zips[module.key] {
                try append(zipOfTreeAt: index, size, with: &worker, check)
            } else {
                try append(treeAt: index, part, with: &worker, check)
            }
        } catch let error as CacheStoreError {
            throw error.naming(member: "tree \(plan.set.trees[index].module.text)")
        }
    }

    private func appendDownloads(
        of module: LayerPlan.Module,
        with worker: inout Worker,
        _ check: () throws -> Void
    ) throws {
        for path in directories.whiteouts(of: module, in: plan) {
            try append(path, .file(0), moduleMode, to: worker.stream)
        }
        let version = "\(moduleRoot)/\(module.key.downloadDirectory)/\(module.key.version)"
        if directories.marksTree(of: module, in: plan) {
            try appendFile("\(version).partial", [], moduleMode, to: worker.stream)
        }
        // Whoever unpacks a zip locks the module, also with a lock that another user has made in the base.
        let lock = "\(version).lock"
        if module.tree != nil || plan.travelsAsZip(module) && directories.hasFile(lock) {
            try appendFile(lock, [], moduleMode, to: worker.stream)
        }
        for download in plan.set.downloads[module.downloads] {
            let path = "\(version).\(download.kind.rawValue)"
            switch download.content {
            case .bytes(let bytes): try appendFile(path, bytes, moduleMode, to: worker.stream)
            case .derived: continue
            case .stored(let id, let size, let chunks):
                // Other sources than those of the zip may hold the `.ziphash`.
                let hash = plan.set.download(.ziphash, of: module.key)
                try StoredZip.check(
                    chunks,
                    of: module.key,
                    [hash].compactMap(\.self),
                    plan.set.chunks,
                    with: worker.reader
                )
                try append(path, .file(size), moduleMode, to: worker.stream)
                try appendContent(download.memberName, id, chunks, with: &worker, check)
            }
        }
    }

    private func append(
        treeAt index: Int,
        _ part: Range<Int>?,
        with worker: inout Worker,
        _ check: () throws -> Void
    ) throws {
        let tree = plan.set.trees[index]
        let chunks = plan.set.chunks
        let manifest =
            part == nil
            ? try worker.reader.manifest(of: tree, chunks: chunks)
            : try manifests.manifest(of: index) { try worker.reader.manifest(of: tree, chunks: chunks) }
        let part = part ?? 0..<tree.chunks.count
        let start = tree.chunks.numbers[..<part.lowerBound].reduce(0) { $0 + chunks[$1].contentBytes }
        let first = manifest.position(at: start).entry
        let path = "\(moduleRoot)/\(tree.module.text)"
        var visitor = LayerTree(
            tree.module,
            path,
            options.owner,
            worker.stream,
            removing: directories.strays(inTree: path, besides: manifest),
            after: first > 0 ? manifest.entries[first - 1].path : nil
        )
        if part.lowerBound == 0 { try visitor.begin() }
        try worker.reader.walk(
            tree,
            manifest,
            part: part,
            chunks: chunks,
            isCovered: true,
            visitor: &visitor,
            check: check
        )
        if part.upperBound == tree.chunks.count { worker.stream.endTree(tree.module, h1: tree.h1) }
    }

    /// Appends the zip that a tree makes, of a known length in bytes.
    private func append(
        zipOfTreeAt index: Int,
        _ size: Int,
        with worker: inout Worker,
        _ check: () throws -> Void
    ) throws {
        let tree = plan.set.trees[index]
        let manifest = try worker.reader.manifest(of: tree, chunks: plan.set.chunks)
        let path = "\(moduleRoot)/\(ModuleCacheLayout.zip(of: tree.module))"
        try append(path, .file(size), moduleMode, to: worker.stream)
        var visitor = LayerZip(tree.module, manifest, worker.stream)
        try worker.reader.walk(
            tree,
            manifest,
            chunks: plan.set.chunks,
            isCovered: true,
            visitor: &visitor,
            check: check
        )
        try visitor.finish()
        worker.stream.endTree(tree.module, h1: tree.h1)
        try worker.stream.pad(size)
    }

    // MARK: - Files of a cache as a whole

    private func appendRoots(of layer: LayerPlan.Layer, to stream: LayerStream) throws {
        if layer.hasBuildRoot { try appendTrimFile(to: stream) }
        guard layer.hasModuleRoot else { return }
        let lock = "\(moduleRoot)/cache/lock"
        if directories.hasFile(lock) { try appendFile(lock, [], moduleMode, to: stream) }
        for (directory, names) in versionFiles {
            let all = VersionList.bytes(for: names + directories.moduleFiles(in: directory))
            try appendFile("\(moduleRoot)/\(directory)/list", all, moduleMode, to: stream)
        }
        for file in plan.set.checksumFiles {
            let path = "\(moduleRoot)/\(ModuleCacheLayout.checksumDirectory)/\(file.path)"
            try appendFile(path, file.bytes, moduleMode, to: stream)
        }
    }

    /// Appends the file that holds the time of Go's last search for old entries.
    ///
    /// The time at which an image will be used is not known. Therefore Go searches for old entries at the
    /// first build in each container. Go finds that it may not list the directories, or that all entries are
    /// from the future, and then writes the time.
    private func appendTrimFile(to stream: LayerStream) throws {
        let path = "\(buildRoot)/\(TrimFile.name)"
        if options.profile.discardsTrimTime {
            try append(path, .link(to: TrimFile.sink), 0o777, to: stream)
        } else {
            try appendFile(path, Array("\(Self.time)".utf8), 0o666, to: stream)
        }
    }

    /// The directories of downloads, in order, with the names of their `.mod` files.
    private var versionFiles: [(directory: String, names: [String])] {
        var result: [(directory: String, names: [String])] = []
        for module in plan.modules {
            let directory = module.key.downloadDirectory
            if result.last?.directory != directory { result.append((directory, [])) }
            let hasFile = plan.set.downloads[module.downloads].contains { $0.kind == .mod }
            if hasFile { result[result.count - 1].names.append("\(module.key.version).mod") }
        }
        return result
    }
}
