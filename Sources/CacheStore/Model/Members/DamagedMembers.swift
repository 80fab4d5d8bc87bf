/// The members of an archive whose content is damaged, each with the fault that was found.
struct DamagedMembers: Sendable {
    /// The outputs, by their numbers.
    var outputs: [OutputNumber: CacheStoreError] = [:]
    /// The module trees.
    var trees: [ModuleKey: CacheStoreError] = [:]
    /// The stored zips.
    var zips: [ModuleKey: CacheStoreError] = [:]
    /// The chunks that no member uses.
    var unusedChunks: [ObjectID: CacheStoreError] = [:]

    /// Whether nothing is damaged.
    var isEmpty: Bool { outputs.isEmpty && trees.isEmpty && zips.isEmpty && unusedChunks.isEmpty }

    /// The faults, in the order of the archive.
    var faults: [CacheStoreError] {
        outputs.sorted { $0.key < $1.key }.map(\.value) + trees.sorted { $0.key < $1.key }.map(\.value)
            + zips.sorted { $0.key < $1.key }.map(\.value)
            + unusedChunks.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Lists the damaged members.
    ///
    /// - Parameters:
    ///   - entries: The number of action entries that refer to each output.
    ///   - id: Returns the ID of an output.
    /// - Returns: The members, in the order of the archive.
    /// - Throws: The error of `id`.
    func list(
        entries: [OutputNumber: Int],
        id: (OutputNumber) throws -> ObjectID
    ) rethrows -> [DamagedMember] {
        try outputs.sorted { $0.key < $1.key }.map { number, fault in
            DamagedMember(.output, try id(number).description, fault, entries: entries[number] ?? 0)
        }
            + trees.sorted { $0.key < $1.key }.map { DamagedMember(.tree, $0.text, $1) }
            + zips.sorted { $0.key < $1.key }.map { DamagedMember(.zip, $0.text, $1) }
    }
}

extension MemberSet {
    /// Returns the set without its damaged members, and without the members that can't be without those: the
    /// action entries of a damaged output, and the zip that a damaged tree would make.
    ///
    /// The chunks stay.
    func leavingOut(_ damaged: DamagedMembers) -> MemberSet {
        guard !damaged.isEmpty else { return self }
        var result = self
        let lost = Set(damaged.outputs.keys.map { outputs[$0].id })
        result.actions.removeAll { lost.contains($0.output) }
        result.outputs.removeAll { lost.contains($0.id) }
        result.leaveOutModules(damaged)
        return result
    }

    /// Removes the damaged trees and zips, and the zips that a damaged tree would make.
    mutating func leaveOutModules(_ damaged: DamagedMembers) {
        trees.removeAll { damaged.trees[$0.module] != nil }
        downloads.removeAll { download in
            guard download.kind == .zip else { return false }
            return damaged.trees[download.module] != nil || damaged.zips[download.module] != nil
        }
    }
}
