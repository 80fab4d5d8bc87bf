/// The classes and the sources of the outputs and action entries of an index.
///
/// They are found in passes: through all members, through the action entries in search of packages if there
/// are many, and through the action entries once more. 9 bytes per output, the table of ``EntryRoles`` and at
/// most 4 MiB of IDs stay in memory.
struct IndexClasses {
    private var roles: EntryRoles
    private var classes = ClassNumbers()
    /// The class of each output, by its content.
    private var contents: [UInt16] = []
    private var isEmpty = BitArray()
    /// The IDs of the first entries that are packages.
    private var packages: [ObjectID] = []
    private var packageCount = 0
    private static let heldPackages = 1 << 17

    /// For each output, the class of the first action entry that refers to it; `max` before there was one.
    private var firstClasses: [UInt16] = []
    /// For each output, the set of sources of the entries that refer to it; valid once there was one.
    private var sources: [SourceSetNumber] = []

    /// Creates the classes for an index, before the first pass.
    init(_ index: IndexReader) {
        roles = EntryRoles(count: index.outputCount * 3 / 2)
        contents.reserveCapacity(index.outputCount)
    }

    // MARK: - The first pass

    /// Adds the next output.
    mutating func add(_ output: MemberSet.Output) {
        contents.append(classes.number(of: output.contentClass))
        isEmpty.append(output.size == 0)
    }

    /// Adds an action entry, after all outputs.
    mutating func add(_ row: ActionCursor.Row) {
        roles.insert(row.id)
        guard isPackage(row.output) else { return }
        packageCount += 1
        if packageCount <= Self.heldPackages { packages.append(row.id) }
    }

    /// Returns whether an output is a compiled package.
    func isPackage(_ output: OutputNumber) -> Bool {
        let contentClass = contentClass(of: output)
        return contentClass == .package || contentClass == .main
    }

    // MARK: - The second pass

    /// Finds the entries whose IDs Go derives from those of packages.
    ///
    /// - Parameters:
    ///   - index: The index.
    ///   - isWanted: For each set of sources, whether its entries were added; `nil` if all were.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive``.
    mutating func findRoles(_ index: IndexReader, among isWanted: [Bool]? = nil) throws {
        if packageCount > packages.count {
            let actions = try ActionCursor(index)
            while let row = try actions.next() {
                if isPackage(row.output), isWanted?[row.sources] ?? true { roles.insertPackage(row.id) }
            }
        } else {
            for id in packages { roles.insertPackage(id) }
        }
        packages = []
        roles.seal()
        firstClasses = [UInt16](repeating: .max, count: contents.count)
        sources = [SourceSetNumber](repeating: SourceSetNumber(0), count: contents.count)
    }

    // MARK: - The third pass

    /// Notes an action entry for its output.
    ///
    /// - Parameters:
    ///   - row: The entry; all entries must be noted in their order.
    ///   - sets: The sets of sources, to which this function adds unions.
    /// - Returns: The class of the entry.
    mutating func note(_ row: ActionCursor.Row, _ sets: inout SourceSets) -> EntryClass {
        let entryClass = entryClass(of: row)
        if firstClasses[row.output] == .max {
            firstClasses[row.output] = classes.number(of: entryClass)
            sources[row.output] = row.sources
        } else {
            sources[row.output] = sets.union(sources[row.output], row.sources)
        }
        return entryClass
    }

    /// Returns the class of an action entry.
    func entryClass(of row: ActionCursor.Row) -> EntryClass {
        roles.entryClass(
            of: row.id,
            output: contentClass(of: row.output),
            isEmpty: isEmpty[row.output.index]
        )
    }

    // MARK: - The results

    /// Returns the class of an output by its content.
    func contentClass(of output: OutputNumber) -> EntryClass { classes[contents[output]] }

    /// Returns the class of an output: that of the first entry that refers to it.
    ///
    /// All entries must have been noted.
    func entryClass(of output: OutputNumber) -> EntryClass { classes[firstClasses[output]] }

    /// Returns the set of sources of the entries that refer to an output.
    ///
    /// All entries must have been noted.
    func sources(of output: OutputNumber) -> SourceSetNumber { sources[output] }
}
