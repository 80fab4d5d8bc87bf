/// What a base has in the caches, and a restore in the base would remove.
///
/// A layer removes a name of the layers below it by a file `.wh.NAME` ("whiteouts" of the image
/// specification). A layer never removes a name that it has itself, because some tools then lose both. There,
/// the name's new kind replaces the old one. Marks that hide all of a directory (`.wh..wh..opq`) are not
/// used, because some tools overlook them.
extension ImageDirectories {
    /// Returns the name of the file by which a layer removes a name.
    static func whiteout(of name: String) -> String { BaseTree.whiteoutPrefix + name }

    /// Returns what the base has in the tree of a module and the archive's tree does not have: the names, by
    /// the paths in the tree of the directories that hold them.
    ///
    /// - Parameters:
    ///   - path: The path of the tree.
    ///   - manifest: The archive's tree.
    /// - Returns: The names in order.
    func strays(inTree path: String, besides manifest: TreeManifest) -> FileNames<[String]> {
        var result = FileNames<[String]>()
        for stray in base?.strays(in: path, besides: manifest.entries.lazy.map(\.path)) ?? [] {
            result[stray.parent] = (result[stray.parent] ?? []) + [stray.lastElement]
        }
        return result
    }

    /// Returns what the base has beside a program in the directory of an output, in order.
    ///
    /// Go runs only a program that is alone in its directory.
    func strays(inOutput path: String, besides program: String) -> [String] {
        base?.strays(in: path, besides: [program]) ?? []
    }

    /// Returns the paths of the files by which a layer removes parts of a module that the base has.
    ///
    /// Go takes a module with the marker `.partial` for half unpacked, and downloads it again.
    func whiteouts(of module: LayerPlan.Module, in plan: LayerPlan) -> [String] {
        let key = module.key
        let download = "\(moduleRoot)/\(key.downloadDirectory)/\(key.version)"
        let removesTree = removesTree(of: module, in: plan)
        var paths: [String] = []
        if module.tree != nil || removesTree && plan.set.treeIndex(of: key) == nil {
            paths.append("\(download).partial")
        }
        if distrusts(module, in: plan), !plan.hasZip(key) { paths.append("\(download).zip") }
        if removesTree { paths.append("\(moduleRoot)/\(key.text)") }
        return paths.filter { base?.isThere($0) ?? false }
            .map { "\($0.parent)/\(Self.whiteout(of: $0.lastElement))" }
    }

    /// Returns whether a layer removes the tree that the base has of a module.
    func removesTree(of module: LayerPlan.Module, in plan: LayerPlan) -> Bool {
        guard let base, distrustsTree(of: module, in: plan) else { return false }
        return base.isThere("\(moduleRoot)/\(module.key.text)")
    }

    /// Returns whether a layer has Go's marker `.partial` for a module.
    ///
    /// The base then has the module's tree behind a symbolic link, where a layer can't remove it.
    func marksTree(of module: LayerPlan.Module, in plan: LayerPlan) -> Bool {
        guard let base, distrustsTree(of: module, in: plan) else { return false }
        let path = "\(moduleRoot)/\(module.key.text)"
        return !base.isThere(path) && base.leadsToDirectory(path)
    }

    /// Returns whether the base's tree of a module can't stay beside the `.ziphash` of these parts of it.
    ///
    /// A tree in the place of one that travels as its zip can't be whole where a layer has unpacked it, and
    /// Go unpacks the zip, unless nobody can write there.
    private func distrustsTree(of module: LayerPlan.Module, in plan: LayerPlan) -> Bool {
        guard plan.hash(in: module) != nil, !plan.hasTree(module.key) else { return false }
        return profile == .image && plan.hasZip(module.key) || distrusts(module, in: plan)
    }

    /// Returns whether these parts of a module bring a `.ziphash` that the base lacks.
    ///
    /// Go trusts a tree or a zip that stands beside a `.ziphash`. The content of the base's files is not
    /// known. So what the base has and the image does not replace can stay only if Go trusts it already,
    /// because the base has the same `.ziphash`.
    private func distrusts(_ module: LayerPlan.Module, in plan: LayerPlan) -> Bool {
        guard let hash = plan.hash(in: module) else { return false }
        let download = "\(moduleRoot)/\(module.key.downloadDirectory)/\(module.key.version)"
        return base?.moduleHash(at: "\(download).ziphash") != hash
    }
}
