package import SystemPackage

/// The modules of a checkout, by their `go.mod` files.
///
/// The files are those in the directory, below it, and the nearest one above it. Go needs none below
/// `vendor`, `testdata` and `.git`, and `node_modules` holds other people's programs.
package struct CheckoutModules: Sendable {
    /// The size that no real file reaches, in bytes.
    private static let maximumSize = 1 << 24

    private var files: [(path: FilePath, content: ModFile)] = []
    private var isWorkspace = false
    private var workspaceReplaced: Set<String> = []

    /// Looks for the files.
    ///
    /// A file or directory that can't be read counts as absent.
    ///
    /// - Parameter checkout: The directory of the checkout.
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    package init(of checkout: FilePath) throws(CacheStoreError) {
        try scan(checkout, depth: 0)
        var path = checkout.lexicallyNormalized()
        while files.isEmpty || !isWorkspace, path.removeLastComponent(), !path.isEmpty {
            try add(from: path, addsModule: files.isEmpty)
        }
    }

    private mutating func scan(_ path: FilePath, depth: Int) throws(CacheStoreError) {
        var inner: [String] = []
        do throws(CacheStoreError) {
            let directory = try Directory(opening: path)
            for name in try directory.names().valid where !CheckoutSums.skipped.contains(name) {
                if try directory.status(of: name)?.kind == .directory { inner.append(name) }
            }
        } catch {
            if error.isOfMachine, error.code != .permissionDenied { throw error }
        }
        try add(from: path, addsModule: true)
        guard depth < CheckoutSums.maximumDepth else { return }
        for name in inner { try scan(path.appending(name), depth: depth + 1) }
    }

    /// Adds the module and the workspace of a directory.
    private mutating func add(from path: FilePath, addsModule: Bool) throws(CacheStoreError) {
        if let bytes = try Self.read(path.appending("go.work")) {
            isWorkspace = true
            workspaceReplaced.formUnion(ModFile(bytes).replaced)
        }
        let module = path.appending("go.mod")
        guard addsModule, let bytes = try Self.read(module) else { return }
        var file = ModFile(bytes)
        // A vendored module needs no other.
        if try Self.read(path.appending("vendor/modules.txt")) != nil { file.required = [] }
        files.append((module, file))
    }

    private static func read(_ path: FilePath) throws(CacheStoreError) -> [UInt8]? {
        do throws(CacheStoreError) {
            let file = try File(reading: path)
            let status = try file.status()
            guard status.kind == .regular, status.size <= maximumSize else { return nil }
            return try file.bytes(count: status.size)
        } catch {
            if error.isOfMachine, error.code != .permissionDenied { throw error }
            return nil
        }
    }

    /// Whether no `go.mod` is found, as where the directory is the wrong one.
    package var isEmpty: Bool { files.isEmpty }

    /// A `go.mod` that requires modules which are not in the checkout, or `nil`.
    package var fileWithRequirements: FilePath? {
        let own = isWorkspace ? Set(files.map(\.content.module)) : []
        return files.first { _, file in
            let replaced = file.replaced.union(workspaceReplaced)
            return file.required.contains {
                !own.contains($0.path) && !replaced.contains($0.path)
                    && !replaced.contains("\($0.path) \($0.version)")
            }
        }?.path
    }

    /// Whether builds in the checkout may need modules that are not in it.
    package var mayNeedOthers: Bool { isEmpty || fileWithRequirements != nil }
}
