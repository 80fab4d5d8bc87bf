/// The selection of the modules that a job uses.
extension ModuleCacheScan {
    /// Returns the scan without the files of modules that a job does not use.
    ///
    /// The checksum database is asked for toolchains alone, because a `go.sum` names all other modules.
    ///
    /// - Parameters:
    ///   - whole: The modules that are kept whole.
    ///   - others: The modules of which only `.mod` and `.info` are kept.
    /// - Returns: The scan, and the number of modules of which a tree, a zip or a `.mod` was taken out.
    func keeping(
        _ whole: Set<ModuleKey>,
        modFilesOf others: Set<ModuleKey>
    ) -> (scan: ModuleCacheScan, unused: Int) {
        var result = self
        result.trees.formIntersection(whole)
        result.zips.formIntersection(whole)
        result.downloads.removeAll { download in
            !whole.contains(download.module)
                && (download.kind == .ziphash || !others.contains(download.module))
        }
        if !result.trees.contains(where: \.isToolchain) { result.checksumFiles = [] }
        let all = trees.union(zips).union(downloads.filter { $0.kind == .mod }.map(\.module))
        return (result, all.subtracting(whole).subtracting(others).count)
    }

    /// Returns the modules whose `.mod` files Go reads to choose versions for some modules: all that their
    /// `go.mod` files require, and so on.
    func modFilesNeeded(by modules: Set<ModuleKey>) -> Set<ModuleKey> {
        guard !modules.isEmpty else { return [] }
        var files: [ModuleKey: [UInt8]] = [:]
        for download in downloads where download.kind == .mod { files[download.module] = download.bytes }
        var (needed, rest) = (modules, Array(modules))
        while let module = rest.popLast() {
            guard let bytes = files[module] else { continue }
            for key in ModFile(bytes).required.compactMap(\.key) where needed.insert(key).inserted {
                rest.append(key)
            }
        }
        return needed.subtracting(modules)
    }
}
