import Synchronization

/// The lists of the files of large trees, each of which several workers need.
final class LayerManifests: Sendable {
    /// The number of lists that are kept; workers are seldom at more trees at a time.
    private static let limit = 4

    private let known = Mutex<[(tree: Int, manifest: TreeManifest)]>([])

    /// Returns the list of a tree.
    ///
    /// - Parameters:
    ///   - tree: The tree, by its position.
    ///   - read: Reads the list, if it is not known.
    /// - Returns: The list.
    /// - Throws: The error of `read`.
    func manifest<Failure: Error>(
        of tree: Int,
        _ read: () throws(Failure) -> TreeManifest
    ) throws(Failure) -> TreeManifest {
        if let found = known.withLock({ known in known.first { $0.tree == tree }?.manifest }) { return found }
        let manifest = try read()
        known.withLock { known in
            guard !known.contains(where: { $0.tree == tree }) else { return }
            if known.count == Self.limit { known.removeFirst() }
            known.append((tree, manifest))
        }
        return manifest
    }
}
