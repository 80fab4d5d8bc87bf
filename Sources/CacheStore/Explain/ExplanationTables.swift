/// Gathers the figures of an ``Explanation`` from a member set and the names of its packages.
struct ExplanationTables {
    private let set: MemberSet
    private let names: [Int: CompiledPackage]
    private let owners: PackageOwners
    private var packages: [String: Explanation.Package] = [:]
    private var modules: [String: Explanation.Module] = [:]
    private var isCounted: [Bool]
    private var unknown = 0

    init(_ set: MemberSet, _ names: [Int: CompiledPackage]) {
        (self.set, self.names) = (set, names)
        owners = PackageOwners(set)
        isCounted = [Bool](repeating: false, count: set.chunks.count)
    }

    mutating func explanation(fileBytes: Int) -> Explanation {
        var (output, tree) = (0, 0)
        set.forEachMember { member, _, chunks in
            switch member.kind {
            case .output:
                add(member, output, stored: countOnce(chunks))
                output += 1
            case .tree:
                add(member, set.trees[tree].module, stored: countOnce(chunks))
                tree += 1
            default: break
            }
        }
        for package in packages.values {
            modules[package.module, default: Explanation.Module(path: package.module)].packages += 1
            modules[package.module]?.compiledRawBytes += package.rawBytes
            modules[package.module]?.compiledStoredBytes += package.storedBytes
        }
        return Explanation(
            packages: packages.values.sorted {
                $0.storedBytes == $1.storedBytes
                    ? $0.importPath.precedes($1.importPath) : $0.storedBytes > $1.storedBytes
            },
            modules: modules.values.sorted {
                $0.storedBytes == $1.storedBytes
                    ? $0.path.precedes($1.path) : $0.storedBytes > $1.storedBytes
            },
            totals: ArchiveTotals(of: set, fileBytes: fileBytes),
            unknownPackages: unknown
        )
    }

    /// The length of the frames of chunks that no member before used, in bytes.
    private mutating func countOnce(_ chunks: [UInt32]) -> Int {
        var bytes = 0
        for chunk in chunks where !isCounted[Int(chunk)] {
            isCounted[Int(chunk)] = true
            bytes += set.chunks[Int(chunk)].stored
        }
        return bytes
    }

    // MARK: - Packages

    private mutating func add(_ member: Member, _ output: Int, stored: Int) {
        guard [.package, .main].contains(set.outputs[output].contentClass) else { return }
        guard let name = names[output] else {
            unknown += 1
            return
        }
        let path = Self.title(of: name)
        let module = name.importPath == "main" ? "" : owners.module(of: name.importPath)
        var package = packages[path] ?? Explanation.Package(importPath: path, module: module)
        package.variants += 1
        package.rawBytes += member.size
        package.storedBytes += stored
        package.sources = Self.union(package.sources, member.sources)
        packages[path] = package
    }

    /// An import path, with the directory for a program.
    private static func title(of package: CompiledPackage) -> String {
        guard package.importPath == "main", let file = package.file else { return package.importPath }
        let directory = file.lastIndex(of: "/").map { file[..<$0] } ?? "."
        return "main (\(directory))"
    }

    // MARK: - Modules

    private mutating func add(_ member: Member, _ module: ModuleKey, stored: Int) {
        let path = PackageOwners.path(of: module)
        let version = Explanation.Module.Version(
            version: ModuleKey.unescape(module.version),
            rawBytes: member.size,
            storedBytes: stored,
            sources: member.sources
        )
        modules[path, default: Explanation.Module(path: path)].versions.append(version)
    }

    /// The union of two lists of labels, each in order.
    private static func union(_ first: [String], _ second: [String]) -> [String] {
        first == second ? first : Set(first + second).sorted { $0.precedes($1) }
    }
}
