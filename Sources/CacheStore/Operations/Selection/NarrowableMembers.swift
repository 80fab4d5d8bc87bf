/// A choice of some members of a set, which filters only ever narrow.
///
/// Each filter is judged by the whole set, so the order of filters does not matter.
protocol NarrowableMembers {
    /// An action entry of the set.
    associatedtype Entry: SourcedEntry

    /// The choice among the members of GOMODCACHE, and among the sources.
    var modules: ModuleSelection { get set }

    /// The choice among the action entries.
    var entries: EntrySelection { get set }

    /// Calls `body` with the position of each action entry of the set and the entry, in order.
    ///
    /// - Throws: The error of `body`, or ``CacheStoreError``.
    func forEachEntry(_ body: (Int, Entry) throws -> Void) throws

    /// Returns a function that returns the class of an action entry, given its position and the entry.
    func entryClasses() -> (Int, Entry) -> EntryClass

    /// Returns the compiled package in the output of an entry, or `nil` if the output is none or states no
    /// name.
    ///
    /// - Throws: ``CacheStoreError``.
    func package(of entry: Entry, _ names: SelectionNames) throws -> CompiledPackage?
}

/// An action entry that some sources hold.
protocol SourcedEntry {
    /// The action ID.
    var id: ObjectID { get }

    /// The set of sources that hold the entry.
    var sources: SourceSetNumber { get }
}

extension MemberSet.Action: SourcedEntry {}
extension ActionCursor.Row: SourcedEntry {}

extension NarrowableMembers {
    /// Keeps the action entries for which `isKept` returns `true`.
    ///
    /// - Parameters:
    ///   - takesDerived: Whether a package that goes takes along the entries that Go derives from its ID.
    ///   - isKept: Returns whether an entry is kept, given its position and the entry.
    /// - Throws: The error of `isKept`, or ``CacheStoreError``.
    mutating func keepEntries(
        takingDerived takesDerived: Bool = true,
        _ isKept: (Int, Entry) throws -> Bool
    ) throws {
        var entries = entries
        try forEachEntry { position, entry in
            if try !isKept(position, entry) { entries.drop(position, takingDerived: takesDerived) }
        }
        self.entries = entries
    }

    /// Keeps the members that at least one of some sources holds, and forgets all other sources.
    ///
    /// - Parameter labels: The labels of the sources.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for an unknown label.
    mutating func keep(heldByAny labels: [String]) throws {
        let isKept = try modules.keep(heldByAny: labels)
        try keepEntries(takingDerived: false) { isKept[$1.sources] }
    }

    /// Keeps the members that all of some sources hold.
    ///
    /// - Parameter labels: The labels of the sources.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument`` for an unknown label.
    mutating func keep(heldByAll labels: [String]) throws {
        let isKept = try modules.keep(heldByAll: labels)
        try keepEntries(takingDerived: false) { isKept[$1.sources] }
    }

    /// Keeps the members whose keys another archive holds, with whatever value.
    ///
    /// - Throws: The errors of ``CheckedIndex``.
    /// - Complexity: O(*n*) in the members of both; memory for the members of GOMODCACHE of the other.
    mutating func keep(keysOf other: Archive) throws {
        let index = try CheckedIndex(of: other, try other.index())
        modules.keep(keysOf: index.set)
        let others = try ActionCursor(index.reader)
        var next = try others.next()
        try keepEntries(takingDerived: false) { _, entry in
            while let found = next, found.id < entry.id { next = try others.next() }
            return next?.id == entry.id
        }
    }

    /// Keeps the action entries of some classes.
    ///
    /// - Parameter isKept: Returns whether the entries of a class are kept.
    /// - Throws: ``CacheStoreError`` if the members can't be read.
    mutating func keep(classes isKept: (EntryClass) -> Bool) throws {
        // The entries that stay must have the same classes when they are selected again.
        entries.takeAllDerived()
        let entryClass = entryClasses()
        try keepEntries { isKept(entryClass($0, $1)) }
    }
}
