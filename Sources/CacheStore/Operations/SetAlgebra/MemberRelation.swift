import SystemPackage

/// The relation between the values that two archives hold for one key: the one rule of the set algebra.
///
/// A union keeps the preferred value. A difference drops a value if the other one is the same or preferred.
/// An intersection keeps the value that is not preferred. A comparison asks whether the values are the same.
/// The relation is total and symmetric, so no result depends on the order of the archives. Any preferred
/// value is safe for Go: whatever depends on an entry is keyed by the entry's content
/// (cmd/go/internal/work/exec.go, `buildActionID`).
enum MemberRelation: Hashable {
    /// A restore of either value writes the same.
    case same
    /// The values disagree, and the first is preferred.
    case prefersFirst
    /// The values disagree, and the second is preferred.
    case prefersSecond
    /// Go's checksums allow only one of the values: a supply-chain alarm.
    case conflict

    /// Whether a union keeps the first value.
    var keepsFirst: Bool { self == .same || self == .prefersFirst }

    /// Whether the second value is the same as the first, or is preferred to it.
    var coversFirst: Bool { self == .same || self == .prefersSecond }

    private init(isSame: Bool, prefersFirst: Bool) {
        self = isSame ? .same : prefersFirst ? .prefersFirst : .prefersSecond
    }

    // MARK: - Members

    /// Relates two forms of one output.
    ///
    /// A directory is preferred to a file, because it also serves where a file would. Of two directories, the
    /// one with the lower name is preferred.
    ///
    /// - Parameters:
    ///   - first: The name of the file in the first directory; `nil` for a file.
    ///   - second: The name of the file in the second directory; `nil` for a file.
    init(executable first: String?, _ second: String?) {
        switch (first, second) {
        case (nil, nil): self = .same
        case (_, nil): self = .prefersFirst
        case (nil, _): self = .prefersSecond
        case (let one?, let other?): self.init(isSame: one == other, prefersFirst: one.precedes(other))
        }
    }

    /// Relates two forms of one output.
    init(_ first: MemberSet.Output, _ second: MemberSet.Output) {
        self.init(executable: first.executable, second.executable)
    }

    /// Relates two trees of one module, each with the ID of its manifest.
    ///
    /// Trees with the same hash differ in executable bits, or in files that Go adds to a toolchain. The tree
    /// with more executables is preferred, then the tree with more files, then the tree with the lower
    /// manifest.
    init(
        _ first: (tree: MemberSet.Tree, manifest: ObjectID),
        _ second: (tree: MemberSet.Tree, manifest: ObjectID)
    ) {
        guard first.tree.h1 == second.tree.h1 else {
            self = .conflict
            return
        }
        func rank(_ tree: MemberSet.Tree) -> (Int, Int) { (tree.executables, tree.files) }
        let isLower = first.manifest < second.manifest
        self.init(
            isSame: first.manifest == second.manifest,
            prefersFirst: rank(first.tree) == rank(second.tree)
                ? isLower : rank(first.tree) > rank(second.tree)
        )
    }

    /// Relates two downloads of one module and kind.
    ///
    /// Of two `.info` files, the longer is preferred, because it says more, then the lower by bytes. A zip
    /// that a tree makes is preferred to a stored zip. Of two stored zips, the one with the lower ID is
    /// preferred.
    init(_ first: MemberSet.Download, _ second: MemberSet.Download) {
        switch (first.content, second.content) {
        case (.bytes(let one), .bytes(let other)):
            let relation = Self(bytes: one, other)
            self = relation == .same || first.kind == .info ? relation : .conflict
        case (.derived, .derived): self = .same
        case (.derived, .stored): self = .prefersFirst
        case (.stored, .derived): self = .prefersSecond
        case (.stored(let one, _, _), .stored(let other, _, _)):
            self.init(isSame: one == other, prefersFirst: one < other)
        case (.bytes, _), (_, .bytes): self = .conflict
        }
    }

    /// Relates two files of the checksum database that have the same path.
    ///
    /// Of two lookups, the longer is preferred, then the lower by bytes. Any other file is immutable.
    init(_ first: MemberSet.ChecksumFile, _ second: MemberSet.ChecksumFile) {
        let relation = Self(bytes: first.bytes, second.bytes)
        self = relation == .same || first.isLookup ? relation : .conflict
    }

    private init(bytes first: [UInt8], _ second: [UInt8]) {
        self.init(
            isSame: first == second,
            prefersFirst: first.count == second.count
                ? first.lexicographicallyPrecedes(second) : first.count > second.count
        )
    }

    /// Relates two frames of one chunk.
    ///
    /// The shorter frame is preferred, then the one with the lower checksum.
    init(_ first: ChunkRecord, _ second: ChunkRecord) {
        let (one, other) = ((first.storedBytes, first.checksum), (second.storedBytes, second.checksum))
        self.init(isSame: one == other, prefersFirst: one < other)
    }

    /// Returns the class of an output for which two archives hold these classes.
    ///
    /// Classes differ only if different versions of this library assigned them. Any other class is preferred
    /// to ``EntryClass/other``. Of two other classes, the one with the lower name is preferred.
    static func preferred(_ first: EntryClass, _ second: EntryClass) -> EntryClass {
        if first == .other { return second }
        if second == .other { return first }
        return first.rawValue.precedes(second.rawValue) ? first : second
    }

    // MARK: - Conflicts

    /// Throws an error if the values are in conflict.
    ///
    /// - Parameters:
    ///   - member: The member, by its kind and name.
    ///   - path: The archive that holds the second value.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/conflict``.
    func checkConflict(
        of member: @autoclosure () -> String,
        in path: FilePath
    ) throws(CacheStoreError) {
        guard self == .conflict else { return }
        throw CacheStoreError(
            .conflict,
            "this archive and another are in conflict over a value that Go's checksums make unique: "
                + "one of them was tampered with",
            path: path,
            member: member(),
            remedy: .compareWithGoSum
        )
    }
}
