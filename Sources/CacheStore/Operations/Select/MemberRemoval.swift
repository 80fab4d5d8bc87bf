/// The members of a set that a part of the set lacks.
struct MemberRemoval: Sendable {
    private let whole: MemberSet
    private let part: MemberSet

    // By kind, and by position in the listing of that kind in `whole`: whether the part lacks the member.
    private var isGone: [Member.Kind: [Bool]] = [:]

    /// Compares a set with some of its members.
    ///
    /// - Parameters:
    ///   - whole: The set.
    ///   - part: Some of its members.
    /// - Complexity: O(*n*) in the members of the set.
    init(of whole: MemberSet, leaving part: MemberSet) {
        (self.whole, self.part) = (whole, part)
        // Both listings are in the same order.
        var rest = MemberListing(part).makeIterator()
        var next = rest.next().map { Key($0.member) }
        for element in MemberListing(whole) {
            let isHere = next == Key(element.member)
            if isHere { next = rest.next().map { Key($0.member) } }
            isGone[element.member.kind, default: []].append(!isHere)
        }
    }

    private struct Key: Equatable {
        var kind: Member.Kind
        var name: String
        var detail: String

        init(_ member: Member) {
            (kind, name) = (member.kind, member.name)
            detail = member.kind == .action ? member.detail : ""
        }
    }

    /// Returns whether the part lacks the member of a kind at a position.
    func contains(_ kind: Member.Kind, at position: Int) -> Bool { isGone[kind]?[position] ?? false }

    /// The removed members in figures.
    var figures: Select.Removal {
        var uses = ChunkTally(of: whole, without: part)
        return figures(&uses)
    }

    /// Returns the removed members in figures.
    ///
    /// - Parameter uses: The count of stored bytes, in which the chunks of the part are counted already.
    /// - Returns: The figures.
    func figures(_ uses: inout ChunkTally) -> Select.Removal {
        var figures = Select.Removal()
        var positions: [Member.Kind: Int] = [:]
        for element in MemberListing(whole) {
            let member = element.member
            let position = positions[member.kind, default: 0]
            positions[member.kind] = position + 1
            guard contains(member.kind, at: position) else { continue }
            if member.kind == .action {
                figures.count(1, member.entryClass ?? .other, lostBy: member.sources)
            }
            figures.byKind[member.kind, default: .init()] += ArchiveTotals.Tally(
                members: 1,
                files: member.files,
                contentBytes: member.contentBytes,
                storedBytes: uses.storedBytes(of: element)
            )
        }
        for (label, modules) in lostModules {
            figures.bySource[label, default: .init()].modules = modules.count
        }
        return figures
    }

    /// The modules of which neither the tree nor the zip stays, by the labels of the sources that had either.
    private var lostModules: [String: Set<ModuleKey>] {
        func modules(of set: MemberSet) -> [(ModuleKey, SourceSetNumber)] {
            set.trees.map { ($0.module, $0.sources) }
                + set.downloads.filter { $0.kind == .zip }.map { ($0.module, $0.sources) }
        }
        let kept = Set(modules(of: part).map(\.0))
        var lost: [String: Set<ModuleKey>] = [:]
        for (module, sources) in modules(of: whole) where !kept.contains(module) {
            for source in whole.sourceSets[sources] {
                lost[whole.sources[source].label, default: []].insert(module)
            }
        }
        return lost
    }

    /// The packages and modules among the removed members, with their figures.
    ///
    /// - Parameter names: The names of the compiled packages.
    /// - Returns: The tables.
    func tables(_ names: SelectionNames) -> ExplanationTables {
        var packages: [OutputNumber: CompiledPackage] = [:]
        for (index, output) in whole.outputs.enumerated() { packages[OutputNumber(index)] = names[output.id] }
        var tables = ExplanationTables(whole, PackageNames(packages), other: part)
        tables.gather { contains($0, at: $1) }
        return tables
    }
}

extension Select.Removal {
    /// Counts action entries of one class for each of some sources, given by their labels.
    mutating func count(_ entries: Int, _ entryClass: EntryClass, lostBy labels: [String]) {
        for label in labels { bySource[label, default: .init()].byClass[entryClass, default: 0] += entries }
    }
}
