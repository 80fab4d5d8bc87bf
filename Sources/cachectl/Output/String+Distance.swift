extension String {
    /// Returns the number of letters that must be added, removed, replaced or exchanged with their neighbour
    /// to turn the text into another (optimal string alignment distance).
    func distance(to other: String) -> Int {
        let (source, target) = (Array(self), Array(other))
        guard !source.isEmpty, !target.isEmpty else { return Swift.max(source.count, target.count) }
        var rows = [Array(0...target.count)]
        for (row, letter) in source.enumerated() {
            var next = [row + 1]
            for (column, wanted) in target.enumerated() {
                var cost = Swift.min(
                    rows[row][column + 1] + 1,
                    next[column] + 1,
                    rows[row][column] + (letter == wanted ? 0 : 1)
                )
                if row > 0, column > 0, letter == target[column - 1], source[row - 1] == wanted {
                    cost = Swift.min(cost, rows[row - 1][column - 1] + 1)
                }
                next.append(cost)
            }
            rows.append(next)
        }
        return rows[source.count][target.count]
    }

    /// Returns the candidate that the text most likely is a misspelling of.
    ///
    /// - Parameter candidates: The right spellings; of two that are equally near, the first is chosen.
    /// - Returns: The candidate, or `nil` if none is near.
    func nearest(among candidates: [String]) -> String? {
        let scored = candidates.map { (name: $0, distance: distance(to: $0)) }
        guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
        // A third of the letters may be wrong.
        if best.distance <= Swift.max(1, Swift.min(count, best.name.count) / 3) { return best.name }
        return count >= 3 ? candidates.first { $0.hasPrefix(self) || hasPrefix($0) } : nil
    }
}
