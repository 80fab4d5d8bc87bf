import Glibc
import SystemPackage

/// The directories and files that lie in one file, as in a tar: names, kinds, and the places of contents.
///
/// Files are read where they lie, by offset, so any number of threads may read them at once.
final class StoredTree: Sendable {
    /// A directory or file of the tree.
    struct Node: Sendable {
        var name: String
        /// Whether the name is one that a file system can hold and that is UTF-8.
        var hasValidName: Bool
        var parent: Int
        var status: FileStatus
        /// The offset of the content of a file, in bytes.
        var offset = 0
    }

    /// The file that holds all contents.
    let file: File

    /// The status of the file before its tree was read.
    private let status: FileStatus

    private let nodes: [Node]

    /// The numbers of the entries of each directory, ordered by the bytes of their names.
    private let entries: [[Int32]]

    /// Creates a tree.
    ///
    /// - Parameters:
    ///   - file: The file that holds all contents.
    ///   - status: The status of the file before its tree was read.
    ///   - nodes: The directories and files. The first one is the top of the tree, and its own parent.
    ///   - entries: The numbers of the entries of each directory, ordered by the bytes of their names.
    init(_ file: consuming File, as status: FileStatus, _ nodes: [Node], entries: [[Int32]]) {
        self.file = file
        (self.status, self.nodes, self.entries) = (status, nodes, entries)
    }

    /// Throws if another process has changed the file since its tree was read.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/io``, or as the system says.
    func checkUnchanged() throws(CacheStoreError) {
        let now = try file.status()
        guard now.size == status.size, now.modified == status.modified,
            now.modifiedNanoseconds == status.modifiedNanoseconds
        else { throw .changed(file.path) }
    }

    /// The directory above all others.
    var top: Entry { Entry(tree: self, number: 0) }

    /// A directory or file of a tree.
    struct Entry: Sendable {
        let tree: StoredTree
        fileprivate let number: Int

        private var node: Node { tree.nodes[number] }

        /// The name in the directory above.
        var name: String { node.name }

        /// The status.
        var status: FileStatus { node.status }

        /// The directory above; `nil` at the top.
        var above: Entry? { number == 0 ? nil : Entry(tree: tree, number: node.parent) }

        /// The entries of a directory, ordered by the bytes of their names.
        var entries: [Entry] { tree.entries[number].map { Entry(tree: tree, number: Int($0)) } }

        /// The names of the entries of a directory that are valid, ordered by bytes.
        var names: [String] {
            entries.filter { $0.node.hasValidName && !["/", ".."].contains($0.name) }.map(\.name)
        }

        /// The names that no file system can hold, or that are not UTF-8, with such bytes replaced.
        var invalidNames: [String] { entries.filter { !$0.node.hasValidName }.map(\.name) }

        /// Returns whether two entries of a tree are the same.
        func isSame(as other: Entry) -> Bool { number == other.number }

        /// Returns the entry of a directory with a valid name, `.` or `..`; `nil` if there is none.
        ///
        /// - Complexity: That of ``child(_:)``.
        subscript(name: String) -> Entry? {
            if name == "." { return self }
            return name == ".." ? above ?? self : child(name)
        }

        /// Returns the entry of a directory with a valid name; `nil` if there is none.
        ///
        /// A name `..` is that of an entry, as in a tar whose paths lead above their beginning.
        ///
        /// - Complexity: O(log *n*) in the number of entries.
        func child(_ name: String) -> Entry? {
            let numbers = tree.entries[number]
            var (low, high) = (0, numbers.count)
            while low < high {
                let middle = (low + high) / 2
                if tree.nodes[Int(numbers[middle])].name.precedes(name) {
                    low = middle + 1
                } else {
                    high = middle
                }
            }
            // A name with replaced bytes may stand beside an equal one that is valid.
            while low < numbers.count {
                let node = tree.nodes[Int(numbers[low])]
                guard node.name.utf8.elementsEqual(name.utf8) else { return nil }
                if node.hasValidName { return Entry(tree: tree, number: Int(numbers[low])) }
                low += 1
            }
            return nil
        }

        /// Returns the entry if it is of a kind, either a file or a directory.
        ///
        /// - Throws: ``CacheStoreError`` as a directory on disk would throw it.
        func checked(_ kind: FileStatus.Kind, _ path: FilePath) throws(CacheStoreError) -> Entry {
            if status.kind == kind { return self }
            if status.kind == .symbolicLink, kind == .regular {
                throw .system(.tooManySymbolicLinkLevels, "open", path)
            }
            throw .obstacle(status, insteadOf: kind, path)
        }

        /// Returns the offset in the tree's file that belongs to an offset in this file, and the number of
        /// bytes of this file from there on.
        func range(from offset: Int) -> (start: Int, count: Int) {
            let node = node
            let inside = min(max(0, offset), node.status.size)
            return (node.offset + inside, node.status.size - inside)
        }
    }
}
