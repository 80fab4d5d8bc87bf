import SystemPackage

/// The entries of GOCACHE that earlier archives hold, so that a scan need not read their outputs.
///
/// The name of an output is the SHA-256 of its content. So an archive that has an output of a name has the
/// content that belongs to the name.
protocol KnownEntries: Sendable {
    /// Returns whether an archive has an action entry with this ID and output.
    func has(_ entry: ActionEntry) -> Bool

    /// Returns an output with the facts that an archive states.
    ///
    /// - Parameter found: The output as the status of its file shows it.
    /// - Returns: The output, and whether its origin is known; `nil` if no archive has an output of this name
    ///   and length in a form that a union keeps.
    func output(_ found: BuildCacheScan.Output) -> (output: BuildCacheScan.Output, tellsOrigin: Bool)?
}

extension BuildCacheScan {
    /// A function that returns an output with what is known of it, or `nil` if the output has to be read.
    typealias LookUp = @Sendable (Output) -> (output: Output, tellsOrigin: Bool)?

    /// Returns a look-up of the outputs that need not be read.
    ///
    /// An output to which a new entry refers is read: the entry and the output go into one archive.
    func lookUp(by selection: Selection) -> LookUp {
        guard let known = selection.known else { return { _ in nil } }
        let needed = Set(actions.lazy.filter { !known.has($0) }.map(\.output))
        return { found in needed.contains(found.id) ? nil : known.output(found) }
    }

    /// Returns the modules of which there is an index that no earlier archive has.
    ///
    /// An index is as sound as the tree of which Go has made it, so a new one asks for a look at the tree.
    ///
    /// - Parameters:
    ///   - modules: The modules.
    ///   - selection: The entries that the scan has kept.
    /// - Returns: The modules, each with the IDs of the new entries.
    func indexedAnew(_ modules: [ModuleKey], _ selection: Selection) -> [ModuleKey: Set<ObjectID>] {
        let new = modules.isEmpty ? [] : newIndexes(selection)
        guard !new.isEmpty else { return [:] }
        let keys = indexKeys(selection)
        let paths = Set(selection.moduleCaches.map(\.string))
        var result: [ModuleKey: Set<ObjectID>] = [:]
        for module in modules {
            let found = keys.modules([module.text], below: paths).intersection(new)
            if !found.isEmpty { result[module] = found }
        }
        return result
    }

    /// Returns the IDs of the entries of indexes that no earlier archive has.
    func newIndexes(_ selection: Selection) -> Set<ObjectID> {
        let indexes = Set(outputs.lazy.filter { $0.contentClass == .index }.map(\.id))
        let entries = actions.lazy.filter { indexes.contains($0.output) }
        guard let known = selection.known else { return Set(entries.map(\.action)) }
        return Set(entries.filter { !known.has($0) }.map(\.action))
    }

    /// Leaves out the indexes of modules whose trees are not those of their hashes.
    mutating func leaveOut(indexes: Set<ObjectID>, in root: FileTree) {
        for action in indexes.sorted() { leaveOutIndex(action, ofWrongTree: true, in: root) }
        actions.removeAll { indexes.contains($0.action) }
        keepReferredOutputs()
    }
}
