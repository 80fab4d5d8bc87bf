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
    /// Go takes a module with the marker `.partial` for half unpacked, and downloads it again. A tree in the
    /// place of one that travels as its zip can't be whole.
    func whiteouts(of module: LayerPlan.Module, in plan: LayerPlan) -> [String] {
        let key = module.key
        let marker = "\(moduleRoot)/\(key.downloadDirectory)/\(key.version).partial"
        let removesTree = removesTree(of: module, in: plan)
        var paths: [String] = []
        if module.tree != nil || removesTree, base?.isThere(marker) ?? false { paths.append(marker) }
        if removesTree { paths.append("\(moduleRoot)/\(key.text)") }
        return paths.map { "\($0.parent)/\(Self.whiteout(of: $0.lastElement))" }
    }

    /// Returns whether a layer removes the tree of a module that it holds as a zip.
    ///
    /// What the base's files contain is not known, and Go trusts a tree that is there. So the tree goes, and
    /// Go unpacks the zip. Where Go can't do that, the tree stays.
    func removesTree(of module: LayerPlan.Module, in plan: LayerPlan) -> Bool {
        guard profile == .image, plan.travelsAsZip(module) else { return false }
        return base?.isThere("\(moduleRoot)/\(module.key.text)") ?? false
    }
}
