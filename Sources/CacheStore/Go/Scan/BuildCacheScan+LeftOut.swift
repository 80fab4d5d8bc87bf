import SystemPackage

/// The sound parts of GOCACHE that a pack leaves out: indexes of checkouts, and fuzz corpora.
extension BuildCacheScan {
    /// Leaves out the entries of indexes that may be those of a checkout: see ``IndexKeys``.
    mutating func leaveOutCheckoutIndexes(
        _ selection: Selection,
        in root: FilePath
    ) throws(CacheStoreError) {
        let indexes = Set(outputs.lazy.filter { $0.contentClass == .index }.map(\.id))
        var open = Set(actions.lazy.filter { indexes.contains($0.output) }.map(\.action)).subtracting(sealed)
        let version = selection.environment["GOVERSION"]
        let origins = Set(outputs.compactMap(\.origin)).compactMap { PackageOrigin(header: $0)?.version }
        let keys = IndexKeys(versions: Set(origins + [version]).subtracting([""]))
        guard !open.isEmpty else { return }
        let paths = Set(selection.moduleCaches.map(\.string))
        for path in selection.moduleCaches where !open.isEmpty {
            open.subtract(keys.modules(try IndexKeys.modules(in: path), below: paths))
        }
        for goRoot in open.isEmpty ? [] : GoRoots.found(selection.environment) where !open.isEmpty {
            open.subtract(try IndexKeys(versions: [goRoot.version]).directories(of: goRoot.path))
        }
        for action in open.sorted() {
            let path = root.appending(BuildCacheLayout.name(ofAction: action))
            leaveOut(.checkoutIndex, path, "it would be wrong for a checkout with equal times and lengths")
        }
        actions.removeAll { open.contains($0.action) }
        keepReferredOutputs()
    }

    /// Leaves out the fuzz corpora, with the number of their files.
    mutating func leaveOutFuzzCorpora(_ root: FilePath) throws(CacheStoreError) {
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
        let path = root.appending("fuzz")
        do throws(CacheStoreError) {
            if let directory = try Directory(opening: root).directory("fuzz") { try add(directory) }
        } catch {
            _ = try LeftOut(error, path)
        }
        if count == 0 { return leaveOut(.bookkeeping, path, "it is empty") }
        let files = count == 1 ? "1 file of a fuzz corpus" : "\(count) files of fuzz corpora"
        leaveOut(.fuzzCorpus, path, "\(files), which are your data and are not packed")
    }
}
