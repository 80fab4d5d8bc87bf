import SystemPackage

/// The packages and modules of a selection in the order in which they go until an archive is small enough.
///
/// A package is all entries of one import path, in all versions and variants; a program is told by the
/// directory of its sources. A compiled package that states no name is a package of its own. A module is the
/// tree, the zip and the index of one version. All other members stay.
///
/// The order is total, and depends only on the members: first what the fewest sources hold; of that, what is
/// not Go's own, which nearly every build needs; then what frees the most stored bytes; then by name. A chunk
/// counts for a package or module if nothing else in the selection uses the chunk.
struct SizeBudget: Sendable {
    private let selection: MemberSelection

    // By position in the actions of the whole set: the position in `order` of the entry's unit.
    private let units: [Int?]

    /// The packages and modules, the first to go first.
    let order: [Select.Cut]

    /// The positions in `order` of units, by name.
    private let positions: [Unit: Int]

    private struct Unit: Hashable, Comparable {
        var isModule: Bool
        var name: String
        /// Whether this is a package of Go's own.
        var isStandard = false

        static func < (lhs: Self, rhs: Self) -> Bool {
            lhs.name == rhs.name ? !lhs.isModule && rhs.isModule : lhs.name.precedes(rhs.name)
        }
    }

    /// Orders the packages and modules of a selection.
    ///
    /// - Parameters:
    ///   - selection: The selection.
    ///   - names: The names of the compiled packages.
    ///   - check: Called from time to time; an error that it throws ends the work.
    /// - Throws: The error of `check`.
    /// - Complexity: O(*n* log *n*) in the members of the whole set.
    init(_ selection: MemberSelection, _ names: SelectionNames, check: () throws -> Void) throws {
        self.selection = selection
        let whole = selection.whole
        let unitOfAction = try Self.units(of: whole, names, check: check)
        let base = selection.result.set
        var weights: [Unit: Weight] = [:]
        var chunks = ChunkOwners(count: whole.chunks.count)
        let isKept = selection.keptActions
        for (index, action) in whole.actions.enumerated() where isKept[index] {
            let unit = unitOfAction[index]
            if let unit { weights[unit, default: Weight()].add(base, action, whole) }
            guard let output = whole.outputNumber(of: action.output) else { continue }
            chunks.add(whole.outputs[output].chunks, to: unit)
        }
        for tree in base.trees {
            let unit = Unit(isModule: true, name: tree.module.unescaped)
            weights[unit, default: Weight()].add(base.sourceSets[tree.sources].map { base.sources[$0].label })
            chunks.add(tree.manifest, to: unit)
            chunks.add(tree.chunks, to: unit)
        }
        for download in base.downloads where download.kind == .zip {
            let unit = Unit(isModule: true, name: download.module.unescaped)
            weights[unit, default: Weight()].add(
                base.sourceSets[download.sources].map { base.sources[$0].label }
            )
            if case .stored(_, _, let list) = download.content { chunks.add(list, to: unit) }
        }
        for (number, unit) in chunks.soleOwners {
            weights[unit, default: Weight()].bytes += whole.chunks[number].storedBytes
        }
        let sorted = weights.sorted {
            let (one, other) = ($0.value, $1.value)
            if one.labels.count != other.labels.count { return one.labels.count < other.labels.count }
            if $0.key.isStandard != $1.key.isStandard { return $1.key.isStandard }
            return one.bytes == other.bytes ? $0.key < $1.key : one.bytes > other.bytes
        }
        order = sorted.map { unit, weight in
            Select.Cut(
                name: unit.name,
                isModule: unit.isModule,
                isStandard: unit.isStandard,
                storedBytes: weight.bytes,
                sources: weight.labels.count
            )
        }
        let positions = Dictionary(uniqueKeysWithValues: sorted.enumerated().map { ($1.key, $0) })
        self.positions = positions
        units = unitOfAction.map { $0.flatMap { positions[$0] } }
    }

    // MARK: - Units

    private struct Weight {
        var labels: Set<String> = []
        var bytes = 0

        mutating func add(_ labels: [String]) { self.labels.formUnion(labels) }

        mutating func add(_ base: MemberSet, _ action: MemberSet.Action, _ whole: MemberSet) {
            let known = Set(base.sources.map(\.label))
            add(whole.sourceSets[action.sources].map { whole.sources[$0].label }.filter(known.contains))
        }
    }

    /// The units that use each chunk.
    private struct ChunkOwners {
        private enum Owner {
            case nobody
            case one(Unit)
            case several
        }

        private var owners: [Owner]

        init(count: Int) { owners = Array(repeating: .nobody, count: count) }

        mutating func add(_ chunks: ChunkList, to unit: Unit?) {
            for number in chunks.numbers {
                switch (owners[number], unit) {
                case (.nobody, let unit?): owners[number] = .one(unit)
                case (.one(let owner), let unit?) where owner == unit: break
                default: owners[number] = .several
                }
            }
        }

        /// The chunks that one unit alone uses.
        var soleOwners: [(ChunkNumber, Unit)] {
            owners.enumerated().compactMap { index, owner in
                if case .one(let unit) = owner { (ChunkNumber(index), unit) } else { nil }
            }
        }
    }

    /// Returns the unit of each action entry of a set, or `nil` for an entry that never goes by itself.
    private static func units(
        of set: MemberSet,
        _ names: SelectionNames,
        check: () throws -> Void
    ) throws -> [Unit?] {
        let subjects = try EntrySubjects(set, check: check)
        var units: [Unit?] = []
        var derived: [ObjectID: Unit] = [:]
        for action in set.actions {
            let output = set.outputNumber(of: action.output).map { set.outputs[$0] }
            var unit: Unit?
            switch subjects.subject(of: action.id, names[action.output]) {
            case .module(let module): unit = Unit(isModule: true, name: module.unescaped)
            case .package(let package):
                unit = Unit(isModule: false, name: package.title, isStandard: package.isStandard)
            case nil:
                if let output, [.package, .main].contains(output.contentClass) {
                    unit = Unit(isModule: false, name: "output \(output.id)")
                }
            }
            units.append(unit)
            if let unit, !unit.isModule {
                for (id, _) in EntryRoles.derived(from: action.id) { derived[id] = unit }
            }
        }
        for (index, action) in set.actions.enumerated() where units[index] == nil {
            units[index] = derived[action.id]
        }
        return units
    }

    // MARK: - Cutting

    /// Returns the selection without as few of the first packages and modules as make an archive fit.
    ///
    /// The last cut may be larger than needed. So of those that have its rank and would go next, the one goes
    /// instead that frees the fewest bytes, if it frees enough.
    ///
    /// - Parameters:
    ///   - limit: The length that the archive may have, in bytes.
    ///   - size: Returns the length of the archive of a selection, in bytes, which must not grow as members
    ///     go; if it is above the given limit, any number above the limit will do.
    /// - Returns: The selection, and what was cut, in order.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/overBudget`` if all packages and
    ///   modules together are not enough, or the error of `size`.
    /// - Complexity: O(log *n*) calls of `size`.
    func cut(
        to limit: Int,
        size: (MemberSelection, _ limit: Int) throws -> Int
    ) throws -> (selection: MemberSelection, cuts: [Select.Cut]) {
        let whole = try size(selection, limit)
        if whole <= limit { return (selection, []) }
        let least = try size(without(0..<order.count), limit)
        guard least <= limit else {
            let words = Self.words(atLeast: try size(without(0..<order.count), .max))
            throw CacheStoreError(
                .overBudget,
                "the archive can't be that small: without any package or module, it still has \(words)",
                remedy: .allowSize
            )
        }
        // Without `low` units, the archive is too large; without `high` units, it fits.
        var (low, high) = (0, order.count)
        var excess = whole - limit
        while high - low > 1 {
            let middle = (low + high) / 2
            let bytes = try size(without(0..<middle), limit)
            if bytes <= limit { high = middle } else { (low, excess) = (middle, bytes - limit) }
        }
        if let last = lastCut(at: low, freeing: excess), last != low {
            let result = without(0..<low, and: last)
            if try size(result, limit) <= limit { return (result, order.prefix(low) + [order[last]]) }
        }
        return (without(0..<high), Array(order.prefix(high)))
    }

    /// Returns the position of the smallest unit that frees enough, among those that have the rank of the
    /// unit at `start` and follow it, or `nil` if none does by the bytes of its frames alone.
    private func lastCut(at start: Int, freeing bytes: Int) -> Int? {
        let first = order[start]
        let equals = order[start...].prefix {
            $0.sources == first.sources && $0.isStandard == first.isStandard
        }
        // The bytes fall along the order, so the first of the smallest that suffice is sought.
        guard let last = equals.last(where: { $0.storedBytes >= bytes }) else { return nil }
        return equals.firstIndex { $0.storedBytes == last.storedBytes }
    }

    /// Returns the selection without the packages and modules in a range and, if given, one more.
    func without(_ range: Range<Int>, and last: Int? = nil) -> MemberSelection {
        func isKept(_ position: Int) -> Bool { !range.contains(position) && position != last }
        var result = selection
        result.entries.keep { units[$0].map(isKept) ?? true }
        result.modules.keep { module in
            positions[Unit(isModule: true, name: module.unescaped)].map(isKept) ?? true
        }
        return result
    }

    /// Returns a size in words, with three digits, rounded up so that an archive of that size is possible.
    static func words(atLeast bytes: Int) -> String {
        var (step, power) = (1, 0)
        while (bytes + step - 1) / step >= 1000 { (step, power) = (step * 10, power + 1) }
        let unit = (power + 2) / 3
        var digits = String((bytes + step - 1) / step)
        if power < 3 * unit {
            digits.insert(".", at: digits.index(digits.endIndex, offsetBy: power - 3 * unit))
        }
        return "\(digits) \(["B", "kB", "MB", "GB", "TB", "PB", "EB"][unit])"
    }
}
