/// The zip of a module that is made from its tree, not compressed.
extension ModuleZipWriter {
    /// Returns the length of the zip of a module, in bytes.
    ///
    /// - Throws: ``ZipError`` if Go accepts no such zip.
    static func size(of module: ModuleKey, _ manifest: TreeManifest) throws(ZipError) -> Int {
        let copies = copies(of: module, in: manifest)
        let files = manifest.entries.lazy.filter { !copies.contains($0.path) }.map {
            (path: $0.path, size: $0.size)
        }
        for (path, _) in files where PathRules.fault(inPath: path, .moduleZip) != nil {
            throw ZipError("Go refuses the name", member: path)
        }
        return try size(prefix: module.unescaped + "/", files: files)
    }

    /// Returns the files that Go copied into a tree, and that the zip did not hold: see ``TreeHash``.
    static func copies(of module: ModuleKey, in manifest: TreeManifest) -> Set<String> {
        guard module.isToolchain else { return [] }
        let names = Set(manifest.entries.map(\.path))
        return names.filter { TreeHash.original(ofCopy: $0).map(names.contains) ?? false }
    }
}
