import FoundationEssentials
import SystemPackage

/// The index entries that a seal leaves as they are, because they may be those of a checkout.
///
/// Sealed, such an entry would give the builds of every later checkout with equal times and lengths the index
/// of this one, for years: see ``IndexKeys``. As it is, Go forgets it after five days.
final class CheckoutIndexes: Sendable {
    private let moduleCache: FilePath?
    private let kept = Gathered<Set<ObjectID>?>(nil)

    /// Creates a judge of index entries.
    ///
    /// - Parameter moduleCache: GOMODCACHE, or `nil` for the one that the variables of this process name.
    init(moduleCache: FilePath?) {
        let variables = ProcessInfo.processInfo.environment
        let paths = (variables["GOPATH"] ?? "").split(separator: ":").map { "\($0)/pkg/mod" }
        let named = [variables["GOMODCACHE"], paths.first, variables["HOME"].map { "\($0)/go/pkg/mod" }]
        self.moduleCache = moduleCache ?? named.compactMap(\.self).first { !$0.isEmpty }.map { FilePath($0) }
    }

    /// Returns whether an action entry may be that of a checkout's index.
    ///
    /// - Parameters:
    ///   - name: The name of the entry's file.
    ///   - directory: The directory that holds the file.
    ///   - root: GOCACHE.
    /// - Returns: Whether the entry's output is an index that is none of a module or of GOROOT.
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    /// - Complexity: O(1), but the first index lists GOROOT once.
    func contains(
        _ name: String,
        in directory: borrowing Directory,
        of root: borrowing Directory
    ) throws(CacheStoreError) -> Bool {
        do throws(CacheStoreError) {
            guard let id = ObjectID(String(name.dropLast(2))), let file = try directory.file(name) else {
                return false
            }
            let bytes = try file.bytes(count: ActionEntry.byteCount + 1)
            guard let entry = ActionEntry(bytes.span, named: id) else { return false }
            let output = try root.openFile(at: BuildCacheLayout.name(ofOutput: entry.output))
            let head = try output.bytes(count: EntryClassifier.headSize)
            guard EntryClassifier.contentClass(head, size: entry.size) == .index else { return false }
            return try !keptIndexes().contains(id)
        } catch {
            if error.isOfMachine { throw error }
            return false
        }
    }

    private func keptIndexes() throws(CacheStoreError) -> Set<ObjectID> {
        if let known = kept.value { return known }
        var keys: Set<ObjectID> = []
        let roots = try GoRoots.found(GoEnvironment())
        for root in roots {
            keys.formUnion(try IndexKeys(versions: [root.version]).directories(of: root.path))
        }
        if let moduleCache {
            let all = IndexKeys(versions: Set(roots.map(\.version)))
            keys.formUnion(
                all.modules(try IndexKeys.modules(in: FileTree(moduleCache)), below: [moduleCache.string])
            )
        }
        let found = keys
        kept.update { $0 = found }
        return found
    }
}
