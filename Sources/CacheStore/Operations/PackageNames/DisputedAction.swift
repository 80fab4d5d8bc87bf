import SystemPackage

/// An action ID for which archives hold several outputs, before its package has been looked up.
struct DisputedAction: Sendable {
    /// One of the outputs, and the holders of the action entry for it.
    struct Side: Sendable {
        var output: ObjectID
        var size: Int
        var contentClass: EntryClass
        /// The labels of the sources that have the entry, in order.
        var labels: [String]
        /// The positions of the archives that hold the entry.
        var inputs: [Int]
    }

    var id: ObjectID

    /// The outputs, ordered by their IDs.
    var sides: [Side]

    /// The class of the content of the first output.
    var contentClass: EntryClass { sides.first?.contentClass ?? .other }

    /// Returns the public form.
    ///
    /// - Parameters:
    ///   - entryClass: The class of the entries.
    ///   - package: The package, if it is known.
    ///   - paths: The paths of the archives.
    /// - Returns: The dispute.
    func dispute(_ entryClass: EntryClass, _ package: String?, in paths: [FilePath]) -> ActionDispute {
        ActionDispute(
            action: id,
            entryClass: entryClass,
            package: package,
            sides: sides.map { side in
                ActionDispute.Side(
                    output: side.output,
                    contentBytes: side.size,
                    labels: side.labels,
                    archives: Set(side.inputs.map { paths[$0] }).sorted { $0.string.precedes($1.string) }
                )
            }
        )
    }
}
