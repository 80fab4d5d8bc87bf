import Glibc
import SystemPackage

/// Makes the parts of layers: the same files that a restore makes, as members of tar streams.
struct LayerMaker: Sendable {
    /// What a worker reuses for all of its parts.
    struct Worker: ~Copyable {
        var reader: ChunkReader
        let stream: LayerStream
    }

    /// The time of all that Go keeps no time of, and of the image: 1980-01-01 00:00:00 UTC, the earliest that a zip
    /// can hold, in seconds since 1970.
    ///
    /// It must lie in the past: Go does not index a directory with files from the future
    /// (cmd/go/internal/modindex/read.go, `dirHash`).
    static let time = 315_532_800

    /// An output is a part of its own, and its frames are taken as they are, from this size on, in bytes; what other
    /// sizes cost is in <doc:Layers>.
    static let largeSize = 256 << 10

    let plan: LayerPlan
    let options: LayerOptions

    /// The time of the entries of GOCACHE.
    private let sealTime: Int

    private let buildRoot: String
    private let moduleRoot: String

    init(_ plan: LayerPlan, _ options: LayerOptions) {
        (self.plan, self.options) = (plan, options)
        sealTime = BuildCacheLayout.sealTime(for: plan.set.sources)
        buildRoot = Self.relative(options.caches.buildCache)
        moduleRoot = Self.relative(options.caches.moduleCache)
    }

    /// A path as a tar stream has it.
    private static func relative(_ path: FilePath?) -> String {
        path?.components.map(\.string).joined(separator: "/") ?? ""
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
            for header in directories(of: layer) { try worker.stream.append(header) }
        case .entries(let actions, let outputs):
            for index in actions { try append(plan.set.actions[index], to: worker.stream) }
            for index in outputs {
                try append(plan.set.outputs[index], splices: false, with: &worker, check)
            }
        case .output(let index):
            try append(
                plan.set.outputs[index],
                splices: options.compression == .zstd,
                with: &worker,
                check
            )
        case .modules(let modules):
            for index in modules { try append(plan.modules[index], with: &worker, check) }
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
        _ mode: mode_t = 0o644,
        _ time: Int = Self.time,
        to stream: LayerStream
    ) throws {
        try append(path, .file(bytes.count), mode, time, to: stream)
        try stream.append(bytes.span)
        try stream.pad(bytes.count)
    }

    /// Appends content that the archive holds, and checks that it is what its name says.
    private func appendContent(
        _ id: ObjectID,
        _ size: Int,
        _ list: ChunkList,
        splices: Bool = false,
        with worker: inout Worker,
        _ check: () throws -> Void
    ) throws {
        let chunks = list.numbers.map { plan.set.chunks[Int($0)] }
        // Of a stream of one chunk, the chunk's name is the whole's: checked already.
        let isNamed = chunks.count == 1 && chunks[0].id == id
        var hasher = ContentHasher()
        for chunk in chunks {
            try check()
            try worker.reader.read(chunk)
            if !isNamed { hasher.update(worker.reader.content.span) }
            if splices {
                try worker.stream.splice(worker.reader.content, frame: worker.reader.frame)
            } else {
                try worker.stream.append(worker.reader.content.span)
            }
        }
        guard isNamed || hasher.finish() == id else {
            throw CacheStoreError(.corruptArchive, "damaged archive: its content is not its name, \(id)")
        }
        try worker.stream.pad(size)
    }

    // MARK: - GOCACHE

    private func append(_ action: MemberSet.Action, to stream: LayerStream) throws {
        guard let index = plan.set.outputIndex(of: action.output) else { return }
        let entry = ActionEntry(action: action.id, output: action.output, size: plan.set.outputs[index].size)
        let name = BuildCacheLayout.name(ofAction: action.id)
        try appendFile("\(buildRoot)/\(name)", entry.bytes, 0o644, sealTime, to: stream)
    }

    private func append(
        _ output: MemberSet.Output,
        splices: Bool,
        with worker: inout Worker,
        _ check: () throws -> Void
    ) throws {
        var path = "\(buildRoot)/\(BuildCacheLayout.name(ofOutput: output.id))"
        var mode: mode_t = 0o644
        if let file = output.executable {
            try append(path, .directory, 0o755, sealTime, to: worker.stream)
            path += "/\(file)"
            mode = 0o755
        }
        do {
            try append(path, .file(output.size), mode, sealTime, to: worker.stream)
            try appendContent(output.id, output.size, output.chunks, splices: splices, with: &worker, check)
        } catch let error as CacheStoreError {
            throw error.naming(member: "output \(output.id)")
        }
    }

    // MARK: - GOMODCACHE

    private func append(
        _ module: LayerPlan.Module,
        with worker: inout Worker,
        _ check: () throws -> Void
    ) throws {
        let version = "\(moduleRoot)/\(module.key.downloadDirectory)/\(module.key.version)"
        if module.tree != nil { try appendFile("\(version).lock", [], to: worker.stream) }
        for download in plan.set.downloads[module.downloads] {
            let path = "\(version).\(download.kind.rawValue)"
            switch download.content {
            case .bytes(let bytes): try appendFile(path, bytes, to: worker.stream)
            case .derived: continue
            case .stored(let id, let size, let chunks):
                try append(path, .file(size), 0o644, to: worker.stream)
                try appendContent(id, size, chunks, with: &worker, check)
            }
        }
        if let index = module.tree { try append(plan.set.trees[index], with: &worker, check) }
    }

    private func append(
        _ tree: MemberSet.Tree,
        with worker: inout Worker,
        _ check: () throws -> Void
    ) throws {
        do {
            let manifest = try worker.reader.manifest(of: tree, chunks: plan.set.chunks)
            let path = "\(moduleRoot)/\(tree.module.text)"
            var visitor = LayerTree(tree.module, path, options.owner, worker.stream)
            try visitor.begin()
            try worker.reader.walk(
                tree,
                manifest,
                chunks: plan.set.chunks,
                visitor: &visitor,
                check: check
            )
            guard visitor.finish() == tree.h1 else {
                throw worker.reader.damaged(
                    plan.set.chunks[Int(tree.manifest)],
                    "the tree does not have its h1 hash"
                )
            }
        } catch let error as CacheStoreError {
            throw error.naming(member: "tree \(tree.module.text)")
        }
    }

    // MARK: - What belongs to a cache as a whole

    private func appendRoots(of layer: LayerPlan.Layer, to stream: LayerStream) throws {
        if layer.hasBuildRoot { try appendTrimFile(to: stream) }
        guard layer.hasModuleRoot else { return }
        for (directory, names) in versionFiles {
            try appendFile("\(moduleRoot)/\(directory)/list", VersionList.bytes(for: names), to: stream)
        }
        for file in plan.set.checksumFiles {
            let path = "\(moduleRoot)/\(ModuleCacheLayout.checksumDirectory)/\(file.path)"
            try appendFile(path, file.bytes, to: stream)
        }
    }

    /// An image does not know when it will be used: Go looks for old entries at the first build of each container,
    /// finds that it may not list the directories, or that all entries are of the future, and writes the time.
    private func appendTrimFile(to stream: LayerStream) throws {
        let path = "\(buildRoot)/\(TrimFile.name)"
        if options.profile.discardsTrimTime {
            try append(path, .link(to: TrimFile.sink), 0o777, to: stream)
        } else {
            try appendFile(path, Array("\(Self.time)".utf8), 0o666, to: stream)
        }
    }

    /// The directories of downloads, ordered, with the names of their `.mod` files.
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

    /// The directories that a layer's files lie in, but for those in trees, ordered so that each comes after the one
    /// that it is in.
    ///
    /// All of them, in every layer: engines give a directory that they have to make up a mode of their own, and it
    /// would hide what a lower layer says of it.
    func directories(of layer: LayerPlan.Layer) -> [TarHeader] {
        var modes: [String: mode_t] = [:]
        func add(_ path: String, below root: String) {
            for directory in [path] + path.pathParents where modes["\(root)/\(directory)"] == nil {
                modes["\(root)/\(directory)"] = 0o755
            }
        }
        var above: Set<String> = []
        func addRoot(_ root: String) {
            modes[root] = 0o755
            for path in root.pathParents {
                modes[path] = Self.mode(above: path)
                above.insert(path)
            }
        }
        if layer.hasBuildRoot || !layer.actions.isEmpty || !layer.outputs.isEmpty {
            addRoot(buildRoot)
            let bytes =
                layer.hasBuildRoot
                ? Set(0...255)
                : Set(layer.actions.map { plan.set.actions[$0].id.firstByte })
                    .union(layer.outputs.map { plan.set.outputs[$0].id.firstByte })
            for byte in bytes {
                let path = "\(buildRoot)/\(BuildCacheLayout.subdirectory(Int(byte)))"
                modes[path] = options.profile.directoryMode
            }
        }
        if layer.hasModuleRoot || !layer.modules.isEmpty { addRoot(moduleRoot) }
        for index in layer.hasModuleRoot ? Array(plan.modules.indices) : layer.modules {
            let module = plan.modules[index]
            add(module.key.downloadDirectory, below: moduleRoot)
        }
        for index in layer.modules where plan.modules[index].tree != nil {
            if let parent = plan.modules[index].key.text.pathParents.first { add(parent, below: moduleRoot) }
        }
        if layer.hasModuleRoot {
            for file in plan.set.checksumFiles {
                let path = "\(ModuleCacheLayout.checksumDirectory)/\(file.path)"
                if let parent = path.pathParents.first { add(parent, below: moduleRoot) }
            }
        }
        return modes.sorted { $0.key.precedes($1.key) }.map { path, mode in
            let owner = above.contains(path) ? FileOwner() : options.owner
            return TarHeader(path: path, kind: .directory, mode: mode, time: Self.time, owner: owner)
        }
    }

    /// The mode of a directory above a cache: what systems give it.
    private static func mode(above path: String) -> mode_t {
        switch path {
        case "tmp", "var/tmp": 0o1777
        case "root": 0o700
        default: 0o755
        }
    }
}

/// Writes a module tree to a layer: its directories, and its files in the order of their paths.
struct LayerTree: TreeVisitor, ~Copyable {
    private let path: String
    private let owner: FileOwner
    private let stream: LayerStream
    private var hasher: TreeHasher
    private var directories: Set<[UInt8]> = []

    /// Begins a tree at a path.
    init(_ module: ModuleKey, _ path: String, _ owner: FileOwner, _ stream: LayerStream) {
        (self.path, self.owner, self.stream) = (path, owner, stream)
        hasher = TreeHasher(module)
    }

    /// Writes the tree's own directory.
    func begin() throws { try append(path, .directory, 0o555) }

    mutating func begin(_ entry: TreeManifest.Entry) throws {
        hasher.begin(entry)
        // By bytes: to Swift, two names are equal that the system tells apart.
        let missing = entry.path.pathParents.prefix { !directories.contains(Array($0.utf8)) }
        for directory in missing.reversed() {
            directories.insert(Array(directory.utf8))
            try append("\(path)/\(directory)", .directory, 0o555)
        }
        try append("\(path)/\(entry.path)", .file(entry.size), entry.isExecutable ? 0o555 : 0o444)
    }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) throws {
        hasher.write(bytes, at: offset)
        try stream.append(bytes)
    }

    mutating func end(_ entry: TreeManifest.Entry) throws {
        hasher.end(entry)
        try stream.pad(entry.size)
    }

    /// The `h1:` hash of all files.
    func finish() -> ObjectID { hasher.finish() }

    private func append(_ path: String, _ kind: TarHeader.Kind, _ mode: mode_t) throws {
        try stream.append(
            TarHeader(path: path, kind: kind, mode: mode, time: LayerMaker.time, owner: owner)
        )
    }
}
