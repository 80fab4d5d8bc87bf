import SystemPackage

/// The sound parts of GOCACHE that a pack leaves out: indexes of checkouts, and fuzz corpora.
extension BuildCacheScan {
    /// Leaves out the entries of indexes that may be those of a checkout: see ``IndexKeys``.
    ///
    /// An entry that an earlier archive has stays: the pack that made the archive has judged it.
    mutating func leaveOutCheckoutIndexes(
        _ selection: Selection,
        in root: FileTree
    ) throws(CacheStoreError) {
        let all = newIndexes(selection)
        guard !all.isEmpty else { return }
        let keys = indexKeys(selection)
        let paths = Set(selection.moduleCaches.map(\.string))
        var others: Set<String> = []
        for tree in selection.moduleTrees { others.formUnion(try IndexKeys.modules(in: tree)) }
        let sound = selection.soundModules.map(\.text)
        // The index of a tree that somebody has changed would be used for the published module: it has the
        // same key.
        let wrong = keys.modules(Array(others.subtracting(sound)), below: paths)
        var open = all.subtracting(sealed).union(all.intersection(wrong))
        open.subtract(keys.modules(sound, below: paths))
        for goRoot in open.isEmpty ? [] : try GoRoots.found(selection.environment) where !open.isEmpty {
            open.subtract(try IndexKeys(versions: [goRoot.version]).directories(of: goRoot.path))
        }
        for action in open.sorted() {
            leaveOutIndex(action, ofWrongTree: wrong.contains(action), in: root)
        }
        actions.removeAll { open.contains($0.action) }
        keepReferredOutputs()
    }

    /// Returns the keys of indexes by the versions of Go that may have made them.
    func indexKeys(_ selection: Selection) -> IndexKeys {
        let version = selection.environment["GOVERSION"]
        let origins = Set(outputs.compactMap(\.origin)).compactMap { PackageOrigin(header: $0)?.version }
        return IndexKeys(versions: Set(origins + [version]).subtracting([""]))
    }

    /// Notes that the entry of an index is left out.
    mutating func leaveOutIndex(_ action: ObjectID, ofWrongTree: Bool, in root: FileTree) {
        let path = root.path(below: BuildCacheLayout.name(ofAction: action))
        let fault =
            ofWrongTree
            ? "it is that of a module whose tree is not packed"
            : "it would be wrong for a checkout with equal times and lengths"
        leaveOut(.checkoutIndex, path, fault)
    }

    /// Leaves out the fuzz corpora, with the number of their files.
    mutating func leaveOutFuzzCorpora(_ root: FileTree) throws(CacheStoreError) {
        var count = 0
        func add(_ directory: borrowing Directory) throws(CacheStoreError) {
            for name in try directory.names().valid {
                guard let status = try directory.status(of: name) else { continue }
                if status.kind == .directory, let inner = try directory.directory(name) {
                    try add(inner)
                } else {
                    count += 1
                }
            }
        }
        let path = root.path(below: "fuzz")
        do throws(CacheStoreError) {
            if let directory = try root.open().directory("fuzz") { try add(directory) }
        } catch {
            _ = try LeftOut(error, path)
        }
        if count == 0 { return leaveOut(.bookkeeping, path, "it is empty") }
        let files = count == 1 ? "1 file of a fuzz corpus" : "\(count) files of fuzz corpora"
        leaveOut(.fuzzCorpus, path, "\(files), which are your data and are not packed")
    }
}
