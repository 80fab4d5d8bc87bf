import Glibc
import SystemPackage

/// A builder of the tree of files that a tar would leave on disk if it were unpacked.
///
/// As when it is unpacked, the last member of a name wins, and directories that have no member of their own
/// are made. Members that no unpacking makes files of, such as sparse ones and devices, are special files.
struct TarTree {
    /// The greatest number of directories and files: far more than any of Go's caches has.
    ///
    /// It bounds the memory for a hostile tar to about 1 GiB.
    private static let nodeLimit = 1 << 22

    /// The path of a member, cut into names.
    ///
    /// `.`, empty names and `a/..` are dropped. An absolute path begins with the name `/`, and one that
    /// leads above its beginning begins with names `..`.
    struct Path: Hashable {
        private(set) var names: [String] = []

        init(_ text: String) {
            if text.utf8.first == UInt8(ascii: "/") { names.append("/") }
            for part in text.utf8.split(separator: UInt8(ascii: "/")) {
                let name = String(part) ?? String(decoding: Array(part), as: UTF8.self)
                if name == "." { continue }
                if name == "..", let last = names.last, last != ".." {
                    // The directory above the root is the root itself.
                    if last != "/" { names.removeLast() }
                } else {
                    names.append(name)
                }
            }
        }
    }

    /// A name in a directory, compared by bytes.
    private struct Key: Hashable {
        var parent: Int
        var name: String
        var isValid: Bool

        static func == (left: Key, right: Key) -> Bool {
            left.parent == right.parent && left.isValid == right.isValid
                && left.name.utf8.elementsEqual(right.name.utf8)
        }

        func hash(into hasher: inout Hasher) {
            hasher.combine(parent)
            for byte in name.utf8 { hasher.combine(byte) }
        }
    }

    private var nodes: [StoredTree.Node] = []
    private var numbers: [Key: Int] = [:]

    /// The directory of the last member, because most members follow others of their directory.
    private var lastDirectory: (names: [String], number: Int) = ([], 0)

    init() { nodes.append(Self.directory("", in: 0, mode: 0o755, number: 0)) }

    /// Adds a member.
    ///
    /// - Throws: ``TarReader/Fault`` if there are more than any of Go's caches has.
    mutating func add(_ entry: TarEntry) throws(TarReader.Fault) {
        // A label and a list of names are about the tar, and not in it (GNU's `V`, and its old `N`).
        if [UInt8(ascii: "V"), UInt8(ascii: "N")].contains(entry.content.type) { return }
        var names = Path(entry.path).names
        guard let name = names.popLast() else { return }
        let isValid = entry.content.hasValidPath
        let parent = try directory(names, isValid: isValid)
        switch entry.kind {
        case .directory:
            let number = try child(name, of: parent, isValid: isValid)
            nodes[number].status = status(.directory, entry, number)
        case .symbolicLink: try put(name, in: parent, isValid, .symbolicLink, entry)
        case .hardLink(let target):
            guard let linked = find(target, isValid: isValid), nodes[linked].status.kind == .regular else {
                let noun = "hard link to a file that is not in the tar"
                return try put(name, in: parent, isValid, .other, entry, noun: noun)
            }
            let (status, offset) = (nodes[linked].status, nodes[linked].offset)
            let number = try put(name, in: parent, isValid)
            (nodes[number].status, nodes[number].offset) = (status, offset)
        case .file: try putFile(name, in: parent, isValid, entry)
        }
    }

    private mutating func putFile(
        _ name: String,
        in parent: Int,
        _ isValid: Bool,
        _ entry: TarEntry
    ) throws(TarReader.Fault) {
        let noun: String?
        switch entry.content.type {
        case _ where entry.content.isSparse: noun = "sparse file, of which the tar lacks the holes"
        case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): noun = nil
        case UInt8(ascii: "3"), UInt8(ascii: "4"), UInt8(ascii: "6"): noun = "special file"
        case UInt8(ascii: "D"):
            // GNU's incremental tars hold the names of a directory's entries as its content.
            let number = try child(name, of: parent, isValid: isValid)
            nodes[number].status = status(.directory, entry, number)
            return
        case UInt8(ascii: "M"): noun = "part of a file, which begins in another volume of the tar"
        case let type: noun = "member of the unknown type \(type)"
        }
        if let noun { return try put(name, in: parent, isValid, .other, entry, noun: noun) }
        try put(name, in: parent, isValid, .regular, entry)
    }

    /// Returns the tree, when all members have been added.
    ///
    /// - Parameters:
    ///   - file: The tar.
    ///   - status: The status of the tar before it was read.
    /// - Returns: The tree.
    /// - Complexity: O(*n* log *n*) in the number of members.
    consuming func finish(_ file: consuming File, as status: FileStatus) -> StoredTree {
        var entries = [[Int32]](repeating: [], count: nodes.count)
        for (key, number) in numbers { entries[key.parent].append(Int32(number)) }
        for index in entries.indices where entries[index].count > 1 {
            entries[index].sort { nodes[Int($0)].name.precedes(nodes[Int($1)].name) }
        }
        return StoredTree(file, as: status, nodes, entries: entries)
    }

    // MARK: - Nodes

    private static func directory(
        _ name: String,
        in parent: Int,
        mode: mode_t,
        number: Int,
        isValid: Bool = true
    ) -> StoredTree.Node {
        let status = FileStatus(
            .directory,
            mode: mode,
            owner: 0,
            size: 0,
            modified: 0,
            modifiedNanoseconds: 0,
            number: number
        )
        return StoredTree.Node(name: name, hasValidName: isValid, parent: parent, status: status)
    }

    private func status(
        _ kind: FileStatus.Kind,
        _ entry: TarEntry,
        _ number: Int,
        noun: String? = nil
    ) -> FileStatus {
        FileStatus(
            kind,
            noun: noun,
            mode: entry.mode,
            owner: uid_t(clamping: entry.owner.user),
            size: kind == .regular ? entry.content.size : 0,
            modified: entry.content.modified,
            modifiedNanoseconds: entry.content.modifiedNanoseconds,
            number: number
        )
    }

    private mutating func put(
        _ name: String,
        in parent: Int,
        _ isValid: Bool,
        _ kind: FileStatus.Kind,
        _ entry: TarEntry,
        noun: String? = nil
    ) throws(TarReader.Fault) {
        let number = try put(name, in: parent, isValid)
        nodes[number].status = status(kind, entry, number, noun: noun)
        nodes[number].offset = entry.content.offset
    }

    /// Returns a new node in the place of what has the name.
    @discardableResult
    private mutating func put(_ name: String, in parent: Int, _ isValid: Bool) throws(TarReader.Fault) -> Int
    {
        guard nodes.count < Self.nodeLimit else {
            throw TarReader.Fault(description: "it has more than \(Self.nodeLimit) files and directories")
        }
        let (number, isWhole) = (nodes.count, isValid || Self.isWhole(name))
        nodes.append(Self.directory(name, in: parent, mode: 0o755, number: number, isValid: isWhole))
        // A directory that is replaced by a file is gone, with all that is in it.
        if let old = numbers.updateValue(number, forKey: Key(parent: parent, name: name, isValid: isWhole)),
            nodes[old].status.kind == .directory
        {
            lastDirectory = ([], 0)
        }
        return number
    }

    /// Returns the directory of a name in a directory, which is made if no directory has the name.
    private mutating func child(
        _ name: String,
        of parent: Int,
        isValid: Bool
    ) throws(TarReader.Fault) -> Int {
        let key = Key(parent: parent, name: name, isValid: isValid || Self.isWhole(name))
        if let number = numbers[key], nodes[number].status.kind == .directory { return number }
        return try put(name, in: parent, isValid)
    }

    /// Returns the directory at a path, which is made if need be.
    private mutating func directory(
        _ names: [String],
        isValid: Bool
    ) throws(TarReader.Fault) -> Int {
        let (last, count) = (lastDirectory, names.count)
        if isValid, count == last.names.count,
            zip(names, last.names).allSatisfy({ $0.utf8.elementsEqual($1.utf8) })
        {
            return last.number
        }
        var number = 0
        for name in names { number = try child(name, of: number, isValid: isValid) }
        if isValid { lastDirectory = (names, number) }
        return number
    }

    private func find(_ path: String, isValid: Bool) -> Int? {
        var number = 0
        for name in Path(path).names {
            let key = Key(parent: number, name: name, isValid: isValid || Self.isWhole(name))
            guard let next = numbers[key] else { return nil }
            number = next
        }
        return number
    }

    /// Returns whether a name is valid although its path is not: it has no replaced bytes and no NUL.
    private static func isWhole(_ name: String) -> Bool {
        !name.unicodeScalars.contains { $0 == "\u{FFFD}" || $0 == "\0" }
    }
}
