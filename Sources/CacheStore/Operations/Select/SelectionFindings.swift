/// The parts of a selection's report that are known before the new archive is written.
struct SelectionFindings: Sendable {
    /// The members that are left out, in figures.
    var removed: Select.Removal

    /// The packages and modules that went for the size, in order.
    var cuts: [Select.Cut] = []

    /// The members on which inputs disagree.
    var disagreements: [Disagreement]

    /// The action IDs for which inputs hold several outputs that stay.
    var disputes: [DisputedAction]

    /// Warnings about filters.
    var warnings: [Warning]
}

extension [DisputedAction] {
    /// Returns what is left of disputes in a part of the members.
    ///
    /// - Parameters:
    ///   - outputs: The outputs of the action entries of the part, by the IDs of the disputed actions.
    ///   - sources: The sources of the part.
    /// - Returns: The disputes of which at least two sides are left.
    func left(_ outputs: [ObjectID: Set<ObjectID>], among sources: [Source]) -> Self {
        let labels = Set(sources.map(\.label))
        return compactMap { dispute in
            var rest = dispute
            rest.sides = dispute.sides.filter { outputs[dispute.id]?.contains($0.output) ?? false }
            for index in rest.sides.indices { rest.sides[index].labels.removeAll { !labels.contains($0) } }
            return rest.sides.count > 1 ? rest : nil
        }
    }
}
