import SystemPackage

/// The members of bases by name, so that a pack does not read what they have.
///
/// A pack writes what the bases lack, and reads what it writes. Everything else counts as what its name says:
/// - an output, by its ID and length, if the bases have it in a form that a union keeps, and if no entry that
///   the bases lack refers to it;
/// - a module tree, by its module, its `.ziphash`, and the numbers and lengths of its files;
/// - a module zip that the bases store, by its module, its `.ziphash` and its length.
struct KnownMembers: KnownEntries {
    private let bases: [Base]

    /// Gathers what is known.
    init(_ sets: [MemberSet]) { bases = sets.map(Base.init) }

    /// The members of one base.
    private struct Base: Sendable {
        let set: MemberSet

        /// The set of sources of each output, by the output's number.
        let sources: [SourceSetNumber]

        /// The line in which the packages of a set of sources state their origin, if they all state one.
        let origins: [SourceSetNumber: String]

        init(_ set: MemberSet) {
            self.set = set
            var sets = set.sourceSets
            sources = set.sourcesOfOutputs(&sets)
            var packages = [Int](repeating: 0, count: set.sources.count)
            for (output, sources) in zip(set.outputs, sources) where output.isPackage {
                for source in sets[sources] { packages[source] += 1 }
            }
            // Where a source states an origin for each of its packages, none is without.
            let lines = zip(set.sources, packages).map { source, count in
                let origins = source.environment.origins
                return origins.reduce(0) { $0 + $1.packages } == count ? Set(origins.map(\.header)) : []
            }
            var origins: [SourceSetNumber: String] = [:]
            for number in Set(sources) {
                let all = sets[number].map { lines[$0] }
                guard let first = all.first, !all.contains(where: \.isEmpty) else { continue }
                let common = all.dropFirst().reduce(first) { $0.intersection($1) }
                if common.count == 1 { origins[number] = common.first }
            }
            self.origins = origins
        }
    }

    // MARK: - GOCACHE

    func has(_ entry: ActionEntry) -> Bool {
        bases.contains { $0.set.hasAction(entry.action, output: entry.output) }
    }

    func output(_ found: BuildCacheScan.Output) -> (output: BuildCacheScan.Output, tellsOrigin: Bool)? {
        for base in bases {
            guard let number = base.set.outputNumber(of: found.id) else { continue }
            let known = base.set.outputs[number]
            guard known.size == found.size, known.covers(executable: found.executable) else { continue }
            var output = found
            (output.contentClass, output.isUnread) = (known.contentClass, true)
            guard known.isPackage, found.executable == nil else { return (output, true) }
            output.origin = base.origins[base.sources[number]]
            return (output, output.origin != nil)
        }
        return nil
    }

    // MARK: - GOMODCACHE

    /// Returns the tree of a module, if a base has it.
    ///
    /// The files are listed, and not read. Trees with one hash differ at most in executable bits, and in
    /// files that Go adds to a toolchain. So the numbers of files and of executables tell them apart.
    ///
    /// - Parameters:
    ///   - module: The module.
    ///   - h1: The hash in its `.ziphash`.
    ///   - root: GOMODCACHE.
    ///   - hasZip: Whether the module also has a zip. The zip goes with its tree where no base has any.
    /// - Returns: The tree, or `nil` if it has to be read.
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    func tree(of module: ModuleKey, h1: ObjectID, in root: FileTree, hasZip: Bool) throws -> UnreadTree? {
        let found = bases.compactMap { base in
            base.set.treeIndex(of: module).map { (base.set, base.set.trees[$0]) }
        }
        .filter { $0.1.h1 == h1 }
        guard !found.isEmpty, !hasZip || bases.contains(where: { $0.set.download(.zip, of: module) != nil })
        else { return nil }
        do {
            let directory = try root.open().existingDirectory(at: module.text)
            let files = try TreeListing(directory).files
            // Such a module travels as its zip, which has to be made.
            guard !files.contains(where: { PathRules.isWhiteout($0.path) }) else { return nil }
            let (executables, size) = (files.count(where: \.isExecutable), files.reduce(0) { $0 &+ $1.size })
            for (set, tree) in found {
                guard tree.files == files.count, tree.executables == executables, tree.size == size else {
                    continue
                }
                return UnreadTree(tree: tree, manifest: tree.manifest.numbers.map { set.chunks[$0] })
            }
        } catch is TreeListing.Fault {
            // Reading the tree finds the same fault.
        } catch let error as CacheStoreError where !error.isOfMachine {
            // Reading the tree finds the same fault.
        }
        return nil
    }

    /// Returns the stored zip of a module, if a base has it.
    ///
    /// - Parameters:
    ///   - module: The module.
    ///   - h1: The hash in its `.ziphash`.
    ///   - root: GOMODCACHE.
    /// - Returns: The content, without its chunks; `nil` if the zip has to be read.
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    func storedZip(
        of module: ModuleKey,
        h1: ObjectID,
        in root: FileTree
    ) throws(CacheStoreError) -> MemberSet.Download.Content? {
        for base in bases {
            guard case .bytes(let hash) = base.set.download(.ziphash, of: module)?.content,
                ModuleHash.id(ofZiphash: hash) == h1,
                case .stored(let id, let size, _) = base.set.download(.zip, of: module)?.content
            else { continue }
            let directory = try root.open()
            let elements = module.downloadDirectory.pathElements
            guard let downloads = try Unusable.passedOver(try directory.directory(at: elements)),
                let file = try Unusable.passedOver(try downloads.status(of: "\(module.version).zip")),
                file.kind == .regular, file.size == size
            else { continue }
            return .stored(id: id, size: size, chunks: .none)
        }
        return nil
    }
}

extension MemberSet.Output {
    /// Whether the output is a compiled package.
    fileprivate var isPackage: Bool { [.package, .main].contains(contentClass) }

    /// Returns whether a union with a form of the output keeps this form.
    ///
    /// - Parameter executable: The name of the only file in the other form, if that is a directory.
    /// - Returns: Whether it does.
    fileprivate func covers(executable: String?) -> Bool {
        var other = self
        other.executable = executable
        return MemberRelation(other, self).coversFirst
    }
}
