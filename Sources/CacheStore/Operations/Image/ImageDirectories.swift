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

    /// The files of the base, if there is one.
    let base: BaseTree?

    private let layout: FilePath?
    private let owner: FileOwner
    /// The intended use of the caches.
    let profile: CacheProfile

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
                "the base has a file at `/\(path.excerpt)`, where the directory of a cache should be"
            case .link(let path):
                "the base has a symbolic link at `/\(path.excerpt)`, where a directory of a cache should be"
            case .dangling(let path, let target):
                "the base has a symbolic link at `/\(path.excerpt)`, above a cache, to "
                    + "`\(target.excerpt)`, where nothing is"
            case .loop(let path):
                "the base has a symbolic link at `/\(path.excerpt)`, above a cache, that leads to itself"
            }
        return CacheStoreError(.badArgument, message, path: layout, remedy: .chooseCachePath)
    }

    /// Returns whether two paths lead to the same directory of the image.
    func isSame(_ path: String?, _ other: FilePath) -> Bool {
        guard let path else { return false }
        let (one, two) = (FilePath(path).lexicallyNormalized(), other.lexicallyNormalized())
        guard one != two, let base else { return one == two }
        func place(_ path: FilePath) -> String? {
            guard path.isAbsolute else { return nil }
            return try? base.resolve(path.components.map(\.string).joined(separator: "/"))
        }
        return place(one).map { $0 == place(two) } ?? false
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
        for index in layer.modules
        where plan.hasTree(index) || removesTree(of: plan.modules[index], in: plan) {
            add("\(moduleRoot)/\(plan.modules[index].key.text)".parent)
        }
        if layer.hasModuleRoot {
            for file in plan.set.checksumFiles {
                add("\(moduleRoot)/\(ModuleCacheLayout.checksumDirectory)/\(file.path)".parent)
            }
            for path in unfitDirectories(plan) { add(path) }
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
            header.mode = there.map { self.mode(inCache: path, mode, besides: $0.mode) } ?? mode
        } else if let there {
            header.mode = there.mode
        } else if base == nil || Self.isOfSystem(path) {
            // Whose directory this is, only a base tells.
            header.owner = FileOwner()
        }
        return header
    }

    /// Returns the mode of a directory of a cache that the base has, as a restore would leave it.
    private func mode(inCache path: String, _ mode: mode_t, besides there: mode_t) -> mode_t {
        // The user may have given a cache itself a sticky bit. It does no harm, because Go renames nothing
        // there.
        if path == buildRoot || path == moduleRoot { return profile.mode(there, with: mode) }
        let isModules = !moduleRoot.isEmpty && path.isBelow(moduleRoot) && !isBuildSubdirectory(path)
        return isModules ? profile.mode(there, with: mode) & ~0o1000 : mode
    }

    /// Returns directories of GOMODCACHE that the base has with modes that do not serve the profile, apart
    /// from those with the files of a module.
    ///
    /// With ``CacheProfile/image`` every user must be able to add modules, and with ``CacheProfile/readonly``
    /// only the owner.
    private func unfitDirectories(_ plan: LayerPlan) -> [String] {
        guard let base else { return [] }
        let mode = profile.moduleDirectoryMode
        let files = Set(
            plan.set.checksumFiles.map { "\(ModuleCacheLayout.checksumDirectory)/\($0.path)" }
        )
        let paths = base.directories(in: moduleRoot) { path in
            // As with a restore, Go's clones of repositories are left alone: see `ModuleCacheModes`. What
            // stands in the place of a file is replaced.
            if path == "cache" || path.isBelow("cache") {
                return !path.isBelow("cache/vcs") && !path.contains("/@v/") && !files.contains(path)
            }
            let isName = path.utf8.contains(UInt8(ascii: ".")) && !path.utf8.contains(UInt8(ascii: "@"))
            return isName && !isBuildCache("\(moduleRoot)/\(path)")
        }
        var unfit: [String] = []
        for path in paths.map({ "\(moduleRoot)/\($0)" }) where !isBuildCache(path) {
            guard let there = try? base.attributes(at: path) else { continue }
            if profile.mode(there.mode, with: mode) & ~0o1000 != there.mode { unfit.append(path) }
        }
        return unfit
    }

    private func isBuildCache(_ path: String) -> Bool {
        path == buildRoot || path.isBelow(buildRoot) && isBuildSubdirectory(path)
    }

    /// Returns warnings about directories above the caches that keep other users out.
    func warnings() throws(CacheStoreError) -> [Warning] {
        var paths: Set<String> = []
        for root in [buildRoot, moduleRoot] where !root.isEmpty {
            var path = root.parent
            while !path.isEmpty, paths.insert(path).inserted { path = path.parent }
        }
        var closed: [(path: String, mode: mode_t)] = []
        if let top = try? base?.attributes(at: "") { closed.append(("", top.mode)) }
        for path in paths.sorted(by: { $0.precedes($1) }) { closed.append((path, try header(of: path).mode)) }
        return closed.filter { $0.mode & 0o001 == 0 }.map { path, mode in
            Warning(
                code: .closedDirectory,
                message: "`/\(path.excerpt)` in the image has mode \(String(mode, radix: 8)) and keeps other "
                    + "users out, so only its own users can use the caches below it: Go fails for all others",
                remedy: .chooseCachePath
            )
        }
    }

    /// Returns whether a path is one of the 256 directories of GOCACHE.
    private func isBuildSubdirectory(_ path: String) -> Bool {
        guard path.isBelow(buildRoot) else { return false }
        let name = path.utf8.dropFirst(buildRoot.utf8.count + 1)
        return name.count == 2 && name.allSatisfy { "0123456789abcdef".utf8.contains($0) }
    }

    /// Returns the mode of a directory of a cache, or `nil` for a directory above the caches.
    private func mode(inCache path: String) -> mode_t? {
        var modes: [mode_t] = []
        if !buildRoot.isEmpty {
            if path == buildRoot { modes.append(profile.buildDirectoryMode) }
            let isSubdirectory = isBuildSubdirectory(path)
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

    /// Returns whether the base has something at a path, which is the place of a file that Go leaves empty.
    ///
    /// The layer then has the file too, so that it gets the mode for the users of the image.
    func hasFile(_ path: String) -> Bool { profile == .image && base?.isThere(path) ?? false }

    /// Returns the names of the `.mod` files that the base has in a directory of GOMODCACHE.
    func moduleFiles(in directory: String) -> [String] {
        (base?.names(in: "\(moduleRoot)/\(directory)") ?? []).filter { $0.hasSuffix(".mod") }
    }
}

extension String {
    /// The path of the directory that holds the last element; empty for a single element.
    ///
    /// - Complexity: O(*n*), where ``pathParents`` makes a string per element.
    var parent: String {
        let slash = utf8.lastIndex(of: UInt8(ascii: "/"))
        return slash.map { String(decoding: utf8[..<$0], as: UTF8.self) } ?? ""
    }

    /// Returns whether a path leads through a directory.
    fileprivate func isBelow(_ directory: String) -> Bool {
        !directory.isEmpty && utf8.starts(with: "\(directory)/".utf8)
    }
}
