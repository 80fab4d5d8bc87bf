import SystemPackage

/// A comparison of the modules of an archive with `go.sum` files.
///
/// The index of an archive states the `h1:` of each tree and, in the `.ziphash`, that of each zip. Whoever
/// reads a tree or a zip checks that it has this hash. The content of `.mod` files is in the index itself. So
/// the index alone is needed here.
struct SumComparison {
    /// The members that differ from a file, each as an error with code ``CacheStoreError/Code/wrongSum``, in
    /// the order of the archive.
    private(set) var faults: [CacheStoreError] = []

    /// The number of modules with a member of which no file has the hash.
    private(set) var unnamed = 0

    /// Compares the members of a set.
    ///
    /// - Parameters:
    ///   - set: The members of GOMODCACHE.
    ///   - modules: The modules that the files name. Members of other modules are only counted.
    ///   - archive: The archive, for messages.
    /// - Complexity: O(*n*) in the members of GOMODCACHE.
    init(of set: MemberSet, with modules: NamedModules, in archive: FilePath) {
        var unnamed: Set<ModuleKey> = []
        func compare(
            _ subject: String,
            _ member: @autoclosure () -> String,
            _ contradiction: NamedModules.Contradiction?
        ) {
            guard let contradiction else { return }
            let (file, found, stated) = (contradiction.file, contradiction.found, contradiction.stated)
            faults.append(
                CacheStoreError(
                    .wrongSum,
                    "\(subject) has the hash \(found), but `\(file)` has \(stated)",
                    path: archive,
                    member: member(),
                    remedy: .compareSums
                )
            )
        }
        for tree in set.trees {
            if !modules.zips.contains(tree.module) { unnamed.insert(tree.module) }
            let contradiction = modules.contradiction(ofZip: tree.h1, of: tree.module)
            compare("the module", "tree \(tree.module.text)", contradiction)
        }
        for download in set.downloads {
            guard case .bytes(let bytes) = download.content else { continue }
            let module = download.module
            switch download.kind {
            case .mod:
                if !modules.modFiles.contains(module) { unnamed.insert(module) }
                let contradiction = modules.contradiction(ofModFile: bytes, of: module)
                compare("the go.mod of the module", download.memberName, contradiction)
            case .ziphash:
                if !modules.zips.contains(module) { unnamed.insert(module) }
                // The index requires that a tree has the hash of the `.ziphash`: one fault is enough.
                guard set.treeIndex(of: module) == nil, let hash = ModuleHash.id(ofZiphash: bytes) else {
                    continue
                }
                let isStored = set.download(.zip, of: module) != nil
                let member = isStored ? "zip \(module.text)" : download.memberName
                compare("the module", member, modules.contradiction(ofZip: hash, of: module))
            case .info, .zip: continue
            }
        }
        self.unnamed = unnamed.count
    }

    /// Throws the first fault, with the number of the others, on behalf of a restore.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/wrongSum``.
    func check() throws(CacheStoreError) {
        guard let first = faults.first else { return }
        let others =
            switch faults.count {
            case 1: ""
            case 2: " (1 other member differs too)"
            default: " (\(faults.count - 1) other members differ too)"
            }
        throw CacheStoreError(
            first.code,
            "\(first.message)\(others), so nothing is restored",
            path: first.path,
            member: first.member,
            remedy: first.remedy
        )
    }
}
