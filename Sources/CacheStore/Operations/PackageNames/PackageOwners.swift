/// The modules that packages belong to, by their import paths.
struct PackageOwners: Sendable {
    private let modulePaths: Set<String>

    /// Collects the modules of a set's trees, and those of which the set holds the zip instead.
    init(_ set: MemberSet) {
        let zips = set.downloads.lazy.filter {
            if case .stored = $0.content { true } else { false }
        }
        modulePaths = Set(set.trees.map { Self.path(of: $0.module) } + zips.map { Self.path(of: $0.module) })
    }

    /// Returns the path of a module, without escapes.
    static func path(of module: ModuleKey) -> String { ModuleKey.unescape(module.path) }

    /// Returns the path of the module that a package belongs to.
    ///
    /// The path is `std` for Go's own packages, and empty where the module is not known.
    func module(of importPath: String) -> String {
        var path = importPath[...]
        while !path.isEmpty {
            if modulePaths.contains(String(path)) { return String(path) }
            path = path[..<(path.lastIndex(of: "/") ?? path.startIndex)]
        }
        // In the path of any module but Go's own, the first element has a dot
        // (golang.org/ref/mod#module-path).
        return importPath.prefix { $0 != "/" }.contains(".") ? "" : "std"
    }
}
