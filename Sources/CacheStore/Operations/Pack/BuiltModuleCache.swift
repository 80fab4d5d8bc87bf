import SystemPackage

/// The GOMODCACHE under which the packages of a build cache were compiled.
///
/// A package that is compiled without `-trimpath` names the path of its sources. Its key holds that path,
/// too, so the package hits only where GOMODCACHE is the same (Go's cmd/go/internal/work/exec.go,
/// `buildActionID`).
enum BuiltModuleCache {
    /// The number of packages that are looked at.
    ///
    /// Outputs are in the order of their hashes, so the first ones are a random sample.
    private static let sampleLimit = 256

    /// Finds the GOMODCACHE that packages state, if none of them states the one that is recorded.
    ///
    /// The packages that bases have are looked at like all others, so that a pack records the same path with
    /// bases and without.
    ///
    /// - Parameters:
    ///   - outputs: The outputs of the build cache.
    ///   - root: GOCACHE.
    ///   - recorded: The environment that is recorded.
    /// - Returns: The path that most packages state; `nil` if it is the recorded one, or if no package tells.
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    static func other(
        _ outputs: [BuildCacheScan.Output],
        in root: FileTree,
        than recorded: GoEnvironment
    ) throws -> String? {
        guard let expected = recorded.moduleCache else { return nil }
        var counts: [String: Int] = [:]
        for output in outputs.lazy.filter({ $0.contentClass == .package }).prefix(sampleLimit) {
            do {
                let content = ContentFile.file(output.file, in: root)
                let package = try CompiledPackage.read(from: content, size: output.size)
                guard let package, let path = path(in: package) else { continue }
                if path == expected { return nil }
                counts[path, default: 0] += 1
            } catch let error as CacheStoreError where !error.isOfMachine || output.isUnread {
                // Reading the whole output finds its faults.
            }
        }
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key
    }

    /// Finds the GOMODCACHE that packages state, without a scan of the build cache.
    ///
    /// - Parameter root: GOCACHE.
    /// - Returns: The paths, with the one that most packages state first.
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    /// - Complexity: Up to 256 packages are looked at, and the beginnings of the outputs before them.
    static func stated(in root: FileTree) throws -> [String] {
        let top = try root.open()
        var (counts, packages): ([String: Int], Int) = ([:], 0)
        for index in 0..<256 where packages < sampleLimit {
            guard
                let directory = try Unusable.passedOver(
                    try top.directory(BuildCacheLayout.subdirectory(index))
                )
            else { continue }
            for name in try directory.names().valid where name.hasSuffix("-d") && packages < sampleLimit {
                guard let file = try Unusable.passedOver(try directory.file(name)) else { continue }
                let size = try file.status().size
                let head = try file.bytes(count: EntryClassifier.headSize)
                guard size > 0, EntryClassifier.contentClass(head, size: size) == .package else { continue }
                packages += 1
                if let path = try path(in: file, size: size) { counts[path, default: 0] += 1 }
            }
        }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map(\.key)
    }

    /// Returns the GOMODCACHE that a compiled package states; `nil` if it states none.
    private static func path(in file: borrowing File, size: Int) throws -> String? {
        let package = try CompiledPackage.read(size: size) { range in
            let bytes = try file.bytes(at: range.lowerBound, count: range.count)
            // Another process may have cut the file.
            return bytes + [UInt8](repeating: 0, count: range.count - bytes.count)
        }
        return package.flatMap { path(in: $0) }
    }

    /// Returns the GOMODCACHE that the path of a package's sources begins with; `nil` if they lie elsewhere.
    static func path(in package: CompiledPackage) -> String? {
        // With `-trimpath`, a path begins with that of the module.
        guard let file = package.file, file.hasPrefix("/"), let mark = file.firstIndex(of: "@") else {
            return nil
        }
        let inside = file[mark...].split(separator: "/").dropFirst().dropLast().joined(separator: "/")
        let suffix = inside.isEmpty ? "" : "/\(inside)"
        guard package.importPath.hasSuffix(suffix) else { return nil }
        let module = package.importPath.dropLast(suffix.count)
        let before = file[..<mark]
        let slash = before.indices.last {
            before[$0] == "/" && ModuleKey.unescape(String(before[$0...].dropFirst())) == module
        }
        return slash.flatMap { $0 == before.startIndex ? nil : String(before[..<$0]) }
    }
}
