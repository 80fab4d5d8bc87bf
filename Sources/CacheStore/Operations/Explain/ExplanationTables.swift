/// The figures of reports, gathered from a member set and the names of its packages.
struct ExplanationTables {
    private let set: MemberSet
    private let names: PackageNames
    private let owners: PackageOwners
    private var packages: [String: Explain.Report.Package] = [:]
    private var modules: [String: Explain.Report.Module] = [:]

    /// The chunks that were counted.
    var uses: ChunkTally

    private var sheet = TallySheet()

    /// The number of compiled packages that state no name.
    private(set) var unknown = 0

    /// The gathered members in figures, by kind.
    private(set) var tallies: [Member.Kind: ArchiveTotals.Tally] = [:]

    /// Creates empty tables.
    ///
    /// - Parameters:
    ///   - set: The members.
    ///   - names: The names of the compiled packages among the outputs of `set`.
    ///   - other: Another set, whose chunks are not counted.
    init(_ set: MemberSet, _ names: PackageNames, other: MemberSet? = nil) {
        (self.set, self.names) = (set, names)
        owners = PackageOwners(set)
        uses = ChunkTally(of: set, without: other)
    }

    /// Creates tables of the action entries of an index, to which outputs and other members are to be added.
    init(_ index: ExplainedIndex) {
        (set, names, sheet) = (index.set, PackageNames([:]), index.sheet)
        owners = PackageOwners(set)
        uses = ChunkTally(set.chunks, counted: index.knownChunks)
        guard index.actionCount > 0 else { return }
        tallies[.action] = ArchiveTotals.Tally(
            members: index.actionCount,
            files: index.actionCount,
            contentBytes: index.actionCount * ActionEntry.byteCount,
            storedBytes: index.actionCount * ActionEntry.storedBytes
        )
    }

    /// Adds members to the tables.
    ///
    /// - Parameter isWanted: Returns whether to add a member, given its kind and its position among the
    ///   members of that kind.
    mutating func gather(_ isWanted: (Member.Kind, Int) -> Bool) {
        var positions: [Member.Kind: Int] = [:]
        for element in MemberListing(set) {
            let member = element.member
            let position = positions[member.kind, default: 0]
            positions[member.kind] = position + 1
            guard isWanted(member.kind, position) else { continue }
            let stored = uses.storedBytes(of: element)
            count(
                member.kind,
                member.entryClass,
                sources: element.sources,
                files: member.files,
                contentBytes: member.contentBytes,
                storedBytes: stored
            )
            switch member.kind {
            case .output:
                let number = OutputNumber(position)
                guard [.package, .main].contains(set.outputs[number].contentClass) else { continue }
                add(
                    names[number],
                    contentBytes: member.contentBytes,
                    storedBytes: stored,
                    labels: member.sources
                )
            case .tree: add(member, set.trees[position].module, stored: stored)
            default: break
            }
        }
        for package in packages.values {
            modules[package.module, default: Explain.Report.Module(path: package.module)].packages += 1
            modules[package.module]?.compiledContentBytes += package.contentBytes
            modules[package.module]?.compiledStoredBytes += package.storedBytes
        }
    }

    /// Counts a member among those of its kind.
    mutating func count(
        _ kind: Member.Kind,
        _ entryClass: EntryClass?,
        sources: SourceSetNumber,
        files: Int = 1,
        contentBytes: Int,
        storedBytes: Int
    ) {
        tallies[kind, default: ArchiveTotals.Tally()] += ArchiveTotals.Tally(
            members: 1,
            files: files,
            contentBytes: contentBytes,
            storedBytes: storedBytes
        )
        sheet.add(
            kind,
            entryClass,
            sources: sources,
            files: files,
            contentBytes: contentBytes,
            storedBytes: storedBytes
        )
    }

    /// The compiled packages, the largest first.
    var sortedPackages: [Explain.Report.Package] {
        packages.values.sorted {
            $0.storedBytes == $1.storedBytes
                ? $0.importPath.precedes($1.importPath) : $0.storedBytes > $1.storedBytes
        }
    }

    /// The modules, the largest first.
    var sortedModules: [Explain.Report.Module] {
        modules.values.sorted {
            $0.storedBytes == $1.storedBytes ? $0.path.precedes($1.path) : $0.storedBytes > $1.storedBytes
        }
    }

    /// Returns the report on an index of which all that is wanted was added.
    func report(on index: ExplainedIndex) -> Explain.Report {
        Explain.Report(
            packages: sortedPackages,
            modules: sortedModules,
            totals: sheet.totals(
                of: set.sources,
                set.sourceSets,
                chunks: index.chunkCount,
                frameBytes: index.framesSize,
                fileBytes: index.archive.fileBytes
            ),
            unknownPackages: unknown
        )
    }

    // MARK: - Packages

    /// Adds a compiled package.
    ///
    /// - Parameters:
    ///   - name: The package's description; `nil` if the package states no name.
    ///   - contentBytes: The length of the output, in bytes.
    ///   - storedBytes: The length of the output's frames that were not counted before, in bytes.
    ///   - sources: The set of sources that hold the output.
    mutating func add(
        _ name: CompiledPackage?,
        contentBytes: Int,
        storedBytes: Int,
        sources: SourceSetNumber
    ) {
        let labels = set.sourceSets[sources].map { set.sources[$0].label }
        add(name, contentBytes: contentBytes, storedBytes: storedBytes, labels: labels)
    }

    private mutating func add(
        _ name: CompiledPackage?,
        contentBytes: Int,
        storedBytes: Int,
        labels: [String]
    ) {
        guard let name else {
            unknown += 1
            return
        }
        let path = name.title
        let module = name.importPath == "main" ? "" : owners.module(of: name.importPath)
        var package = packages[path] ?? Explain.Report.Package(importPath: path, module: module)
        package.variants += 1
        package.contentBytes += contentBytes
        package.storedBytes += storedBytes
        package.sources = Self.union(package.sources, labels)
        packages[path] = package
    }

    // MARK: - Modules

    private mutating func add(_ member: Member, _ module: ModuleKey, stored: Int) {
        let path = PackageOwners.path(of: module)
        let version = Explain.Report.Module.Version(
            version: ModuleKey.unescape(module.version),
            contentBytes: member.contentBytes,
            storedBytes: stored,
            sources: member.sources
        )
        modules[path, default: Explain.Report.Module(path: path)].versions.append(version)
    }

    /// Returns the union of two ordered lists of labels, in order.
    private static func union(_ first: [String], _ second: [String]) -> [String] {
        first == second ? first : Set(first + second).sorted { $0.precedes($1) }
    }
}
