package import SystemPackage

/// The modules of a checkout, by their `go.mod` files.
///
/// The files are those in the directory, below it, and the nearest one above it. Go needs none below
/// `vendor`, `testdata` and `.git`, and `node_modules` holds other people's programs.
package struct CheckoutModules: Sendable {
    /// A `go.mod`, as far as it matters here (golang.org/x/mod, `modfile.Parse`).
    private struct ModFile {
        let path: FilePath
        var module = ""
        var required: [(path: String, version: String)] = []
        /// The paths, alone or as `path version`, in whose place there are directories.
        var replaced: Set<String> = []

        init(_ bytes: [UInt8], at path: FilePath) {
            self.path = path
            var block: Substring?
            for line in String(decoding: bytes, as: UTF8.self).split(whereSeparator: \.isNewline) {
                let text = line.firstRange(of: "//").map { line[..<$0.lowerBound] } ?? line
                var words = text.split { $0 == " " || $0 == "\t" || $0 == "\r" }
                if words.first == ")" {
                    block = nil
                    continue
                }
                if words.count > 1, words.last == "(" {
                    block = words[0]
                    continue
                }
                if let block { words.insert(block, at: 0) }
                add(words.map { String($0.filter { $0 != "\"" && $0 != "`" }) })
            }
        }

        private mutating func add(_ words: [String]) {
            switch words.first {
            case "module" where words.count > 1: module = words[1]
            case "require" where words.count > 2: required.append((words[1], words[2]))
            case "replace":
                guard let arrow = words.firstIndex(of: "=>"), arrow + 1 < words.count,
                    ["./", "../", "/"].contains(where: words[arrow + 1].hasPrefix)
                else { return }
                replaced.insert(words[1..<arrow].joined(separator: " "))
            default: break
            }
        }
    }

    /// The size that no real file reaches, in bytes.
    private static let maximumSize = 1 << 24

    private var files: [ModFile] = []
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
        let workspace = path.appending("go.work")
        if let bytes = try Self.read(workspace) {
            isWorkspace = true
            workspaceReplaced.formUnion(ModFile(bytes, at: workspace).replaced)
        }
        let module = path.appending("go.mod")
        guard addsModule, let bytes = try Self.read(module) else { return }
        var file = ModFile(bytes, at: module)
        // A vendored module needs no other.
        if try Self.read(path.appending("vendor/modules.txt")) != nil { file.required = [] }
        files.append(file)
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
        let own = isWorkspace ? Set(files.map(\.module)) : []
        return files.first { file in
            let replaced = file.replaced.union(workspaceReplaced)
            return file.required.contains { path, version in
                !own.contains(path) && !replaced.contains(path) && !replaced.contains("\(path) \(version)")
            }
        }?.path
    }

    /// Whether builds in the checkout may need modules that are not in it.
    package var mayNeedOthers: Bool { isEmpty || fileWithRequirements != nil }
}
