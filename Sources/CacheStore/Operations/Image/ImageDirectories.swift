import Glibc
import SystemPackage

/// The directories of the caches in an image, and those above them, with their modes and owners.
///
/// Directories that a base has above a cache keep theirs. Symbolic links of a base are followed, as a restore
/// in the image would follow them.
struct ImageDirectories: Sendable {
    /// The path of GOCACHE without symbolic links and without the slash at its beginning; empty for a cache
    /// that is left out.
    let buildRoot: String

    /// The path of GOMODCACHE, in the same form.
    let moduleRoot: String

    private let base: BaseTree?
    private let layout: FilePath?
    private let owner: FileOwner
    private let profile: CacheProfile

    /// Finds the places of the caches.
    ///
    /// - Parameters:
    ///   - options: The options of the image.
    ///   - base: The files of the base, if there is one.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` if the base has something
    ///   else where a directory should be.
    init(_ options: Layers.Options, base: BaseTree?) throws(CacheStoreError) {
        self.base = base
        layout = options.base?.layout
        (owner, profile) = (options.owner, options.profile)
        func place(_ path: FilePath?) throws(CacheStoreError) -> String {
            let path = path?.components.map(\.string).joined(separator: "/") ?? ""
            guard let base, !path.isEmpty else { return path }
            do {
                return try base.resolve(path)
            } catch {
                throw Self.refusal(error, options.base?.layout)
            }
        }
        buildRoot = try place(options.caches.buildCache)
        moduleRoot = try place(options.caches.moduleCache)
        let inner = buildRoot.isBelow(moduleRoot) ? buildRoot.dropFirst(moduleRoot.utf8.count) : ""
        guard !inner.contains("@") else {
            throw CacheStoreError(
                .badArgument,
                "GOCACHE can't lie in the files of a module",
                path: options.caches.buildCache,
                remedy: .chooseCachePath
            )
        }
    }

    private static func refusal(_ obstacle: BaseTree.Obstacle, _ layout: FilePath?) -> CacheStoreError {
        let message =
            switch obstacle {
            case .file(let path):
                "the base has a file at `/\(path)`, where the directory of a cache should be"
            case .dangling(let path, let target):
                "the base has a symbolic link at `/\(path)`, above a cache, to `\(target)`, where nothing is"
            case .loop(let path):
                "the base has a symbolic link at `/\(path)`, above a cache, that leads to itself"
            }
        return CacheStoreError(.badArgument, message, path: layout, remedy: .chooseCachePath)
    }

    // MARK: - Headers

    /// Returns the headers of the directories that hold a layer's files, except those in trees.
    ///
    /// Each directory comes after the directory that holds it. Every layer has all directories of its files:
    /// some engines would otherwise create a missing directory with a mode and an owner of their own, and so
    /// hide what a lower layer states for the directory. The same directory has the same header in every
    /// layer.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` if the base has something
    ///   else there.
    func headers(of layer: LayerPlan.Layer, _ plan: LayerPlan) throws(CacheStoreError) -> [TarHeader] {
        var paths: Set<String> = []
        func add(_ path: String) {
            var path = path
            while !path.isEmpty, paths.insert(path).inserted { path = path.parent }
        }
        if layer.hasBuildRoot || !layer.actions.isEmpty || !layer.outputs.isEmpty {
            add(buildRoot)
            let bytes =
                layer.hasBuildRoot
                ? Set(0...255)
                : Set(layer.actions.map { plan.set.actions[$0].id.firstByte })
                    .union(layer.outputs.map { plan.set.outputs[$0].id.firstByte })
            for byte in bytes { add("\(buildRoot)/\(BuildCacheLayout.subdirectory(Int(byte)))") }
        }
        if layer.hasModuleRoot || !layer.modules.isEmpty { add(moduleRoot) }
        if layer.hasModuleRoot { add("\(moduleRoot)/\(ModuleCacheLayout.downloadDirectory)") }
        for index in layer.hasModuleRoot ? Array(plan.modules.indices) : layer.modules {
            add("\(moduleRoot)/\(plan.modules[index].key.downloadDirectory)")
        }
        for index in layer.modules where plan.hasTree(index) {
            add("\(moduleRoot)/\(plan.modules[index].key.text)".parent)
        }
        if layer.hasModuleRoot {
            for file in plan.set.checksumFiles {
                add("\(moduleRoot)/\(ModuleCacheLayout.checksumDirectory)/\(file.path)".parent)
            }
        }
        var headers: [TarHeader] = []
        for path in paths.sorted(by: { $0.precedes($1) }) { headers.append(try header(of: path)) }
        return headers
    }

    private func header(of path: String) throws(CacheStoreError) -> TarHeader {
        let there: BaseTree.Attributes?
        do {
            there = try base?.attributes(at: path)
        } catch {
            throw Self.refusal(error, layout)
        }
        var header = TarHeader(
            path: path,
            kind: .directory,
            mode: Self.mode(above: path),
            time: LayerMaker.time,
            owner: there?.owner ?? owner,
            extendedAttributes: there?.extendedAttributes ?? []
        )
        if let mode = mode(inCache: path) {
            header.mode = mode
            // The directory of a cache keeps its mode. All users may add modules, if the profile says so.
            if let there, path == buildRoot || path == moduleRoot {
                header.mode = path == moduleRoot ? there.mode | mode : there.mode
            }
        } else if let there {
            header.mode = there.mode
        } else if base == nil || Self.isOfSystem(path) {
            // Whose directory this is, only a base tells.
            header.owner = FileOwner()
        }
        return header
    }

    /// Returns the mode of a directory of a cache, or `nil` for a directory above the caches.
    private func mode(inCache path: String) -> mode_t? {
        var modes: [mode_t] = []
        if !buildRoot.isEmpty {
            if path == buildRoot { modes.append(profile.buildDirectoryMode) }
            let name = path.isBelow(buildRoot) ? path.utf8.dropFirst(buildRoot.utf8.count + 1) : ""[...].utf8
            let isSubdirectory = name.count == 2 && name.allSatisfy { "0123456789abcdef".utf8.contains($0) }
            if isSubdirectory { modes.append(profile.directoryMode) }
            // One directory may be both caches, and one cache may lie in the other.
            let isOther = buildRoot.isBelow(moduleRoot) || buildRoot == moduleRoot
            if isSubdirectory, isOther { return profile.directoryMode }
        }
        if !moduleRoot.isEmpty, path == moduleRoot || path.isBelow(moduleRoot) {
            modes.append(profile.moduleDirectoryMode)
        }
        return modes.isEmpty ? nil : modes.reduce(0, |)
    }

    /// Returns the mode that systems give to a directory above a cache.
    private static func mode(above path: String) -> mode_t {
        switch path {
        case "tmp", "var/tmp": 0o1777
        case "root": 0o700
        default: 0o755
        }
    }

    /// Returns whether a directory belongs to root in every system.
    private static func isOfSystem(_ path: String) -> Bool { ["tmp", "var/tmp", "root"].contains(path) }

    /// Returns the names of the `.mod` files that the base has in a directory of GOMODCACHE.
    func moduleFiles(in directory: String) -> [String] {
        (base?.names(in: "\(moduleRoot)/\(directory)") ?? []).filter { $0.hasSuffix(".mod") }
    }
}

extension String {
    /// The path of the directory that holds the last element; empty for a single element.
    ///
    /// - Complexity: O(*n*), where ``pathParents`` makes a string per element.
    fileprivate var parent: String {
        let slash = utf8.lastIndex(of: UInt8(ascii: "/"))
        return slash.map { String(decoding: utf8[..<$0], as: UTF8.self) } ?? ""
    }

    /// Returns whether a path leads through a directory.
    fileprivate func isBelow(_ directory: String) -> Bool {
        !directory.isEmpty && utf8.starts(with: "\(directory)/".utf8)
    }
}
