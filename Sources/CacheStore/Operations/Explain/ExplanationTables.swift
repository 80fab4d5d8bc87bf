/// Gathers the figures of an ``Explanation`` from a member set and the names of its packages.
struct ExplanationTables {
    private let set: MemberSet
    private let names: [Int: CompiledPackage]
    private let owners: PackageOwners
    private var packages: [String: Explanation.Package] = [:]
    private var modules: [String: Explanation.Module] = [:]
    private var isCounted: [Bool]

    /// Compiled packages that do not name themselves.
    private(set) var unknown = 0

    /// The members that were gathered, by kind.
    private(set) var tallies: [Member.Kind: ArchiveTotals.Tally] = [:]

    /// Begins tables.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - names: What the compiled packages among their outputs say of themselves.
    ///   - other: Another set, whose chunks take nothing here.
    init(_ set: MemberSet, _ names: [Int: CompiledPackage], other: MemberSet? = nil) {
        (self.set, self.names) = (set, names)
        owners = PackageOwners(set)
        let known = Set(other?.chunks.map(\.id) ?? [])
        isCounted = set.chunks.map { known.contains($0.id) }
    }

    /// Adds members to the tables.
    ///
    /// - Parameter isWanted: Whether to add a member, by its kind and its position among those of its kind.
    mutating func gather(_ isWanted: (Member.Kind, Int) -> Bool) {
        var positions: [Member.Kind: Int] = [:]
        set.forEachMember { member, _, chunks in
            let position = positions[member.kind, default: 0]
            positions[member.kind] = position + 1
            guard isWanted(member.kind, position) else { return }
            let stored = chunks.isEmpty ? member.storedSize : countOnce(chunks)
            tallies[member.kind, default: ArchiveTotals.Tally()] += ArchiveTotals.Tally(
                members: 1,
                files: member.files,
                rawBytes: member.size,
                storedBytes: stored
            )
            switch member.kind {
            case .output: add(member, position, stored: stored)
            case .tree: add(member, set.trees[position].module, stored: stored)
            default: break
            }
        }
        for package in packages.values {
            modules[package.module, default: Explanation.Module(path: package.module)].packages += 1
            modules[package.module]?.compiledRawBytes += package.rawBytes
            modules[package.module]?.compiledStoredBytes += package.storedBytes
        }
    }

    /// The compiled packages, those that take most first.
    var sortedPackages: [Explanation.Package] {
        packages.values.sorted {
            $0.storedBytes == $1.storedBytes
                ? $0.importPath.precedes($1.importPath) : $0.storedBytes > $1.storedBytes
        }
    }

    /// The modules, those that take most first.
    var sortedModules: [Explanation.Module] {
        modules.values.sorted {
            $0.storedBytes == $1.storedBytes ? $0.path.precedes($1.path) : $0.storedBytes > $1.storedBytes
        }
    }

    /// The tables of a whole archive.
    func explanation(fileBytes: Int) -> Explanation {
        Explanation(
            packages: sortedPackages,
            modules: sortedModules,
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
