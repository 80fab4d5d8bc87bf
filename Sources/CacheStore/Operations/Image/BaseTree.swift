import Glibc
import SystemPackage

/// The files of an image that another image is built upon, as an engine would unpack them: names, kinds,
/// links, the attributes of directories, and the hashes in files `.ziphash`.
///
/// Source: the OCI image specification, `layer.md`.
struct BaseTree: Sendable {
    /// The attributes of a directory.
    struct Attributes: Hashable, Sendable {
        var mode: mode_t
        var owner = FileOwner()
        var extendedAttributes: [TarEntry.ExtendedAttribute] = []
    }

    /// A path that can't be followed.
    enum Obstacle: Error {
        /// Something that is no directory.
        case file(String)
        /// A symbolic link where a directory should be.
        case link(String)
        /// A symbolic link to something that is not there.
        case dangling(String, to: String)
        /// A symbolic link that leads to itself.
        case loop(String)
    }

    private enum Kind {
        case directory(Attributes)
        case link(to: String)
        /// A file, with the hash in it if it is a `.ziphash`.
        case file(ObjectID?)
    }

    private struct Node {
        var kind: Kind
        /// The number of the layer that stated the node last.
        var layer: Int
        var children = FileNames<Int>()

        var isDirectory: Bool { if case .directory = kind { true } else { false } }
    }

    /// The number of symbolic links that are followed in one path, as in Linux (`MAXSYMLINKS`).
    private static let longestChain = 40

    /// The greatest number of files and directories.
    private static let longest = 1 << 22

    /// The prefix of names that remove files of lower layers (`layer.md`, "Whiteouts").
    static let whiteoutPrefix = ".wh."

    /// The name that removes all that lower layers have in a directory.
    private static let opaqueName = ".wh..wh..opq"

    private var nodes = [Node(kind: .directory(Attributes(mode: 0o755)), layer: 0)]
    private var layer = 0

    // MARK: - Unpacking

    /// Unpacks the next layer.
    ///
    /// - Throws: ``TarReader/Fault`` if there are more files than can be held in memory.
    mutating func apply(_ entries: [TarEntry]) throws(TarReader.Fault) {
        layer += 1
        for entry in entries {
            apply(entry)
            guard nodes.count <= Self.longest else {
                throw TarReader.Fault(description: "it has more files than can be held in memory")
            }
        }
    }

    private mutating func apply(_ entry: TarEntry) {
        let elements = Self.elements(entry.path)
        guard let name = elements.last else {
            // The member is the root itself.
            if case .directory = entry.kind { nodes[0].kind = .directory(attributes(entry)) }
            return
        }
        guard let parent = creatingDirectory(at: elements.dropLast()) else { return }
        if name == Self.opaqueName {
            removeLower(in: parent)
        } else if name.hasPrefix(Self.whiteoutPrefix) {
            removeLower(String(name.dropFirst(Self.whiteoutPrefix.count)), in: parent)
        } else {
            let kind: Kind
            switch entry.kind {
            case .directory: kind = .directory(attributes(entry))
            case .symbolicLink(let target): kind = .link(to: target)
            case .hardLink(let target): kind = self.kind(ofLinked: target)
            case .file: kind = .file(entry.hash.flatMap(ModuleHash.id(ofZiphash:)))
            }
            put(Node(kind: kind, layer: layer), name, in: parent)
        }
    }

    private func attributes(_ entry: TarEntry) -> Attributes {
        Attributes(mode: entry.mode, owner: entry.owner, extendedAttributes: entry.extendedAttributes)
    }

    private mutating func put(_ node: Node, _ name: String, in parent: Int) {
        if let existing = nodes[parent].children[name], node.isDirectory, nodes[existing].isDirectory {
            nodes[existing].kind = node.kind
            nodes[existing].layer = layer
        } else {
            nodes[parent].children[name] = nodes.count
            nodes.append(node)
        }
    }

    /// Returns the kind of a file that gets another name: a symbolic link is not followed.
    private func kind(ofLinked target: String) -> Kind {
        let elements = Self.elements(target)
        guard let name = elements.last,
            let (parent, rest) = try? follow(Array(elements.dropLast())), rest.isEmpty,
            let number = nodes[parent].children[name], !nodes[number].isDirectory
        else { return .file(nil) }
        return nodes[number].kind
    }

    /// Returns the directory at a path, whose missing elements are created as an engine creates them.
    private mutating func creatingDirectory(at elements: some Collection<String>) -> Int? {
        guard let (directory, rest) = try? follow(Array(elements), createsTargets: true) else { return nil }
        var current = directory
        for element in rest {
            if element == ".." { return nil }
            nodes[current].children[element] = nodes.count
            current = nodes.count
            nodes.append(Node(kind: .directory(Attributes(mode: 0o755)), layer: layer))
        }
        return current
    }

    /// Removes what lower layers have under a name; what this layer has put there stays.
    private mutating func removeLower(_ name: String, in parent: Int) {
        guard let number = nodes[parent].children[name] else { return }
        if nodes[number].layer < layer {
            nodes[parent].children[name] = nil
        } else {
            removeLower(in: number)
        }
    }

    private mutating func removeLower(in directory: Int) {
        var pending = [directory]
        while let current = pending.popLast() {
            for (name, number) in nodes[current].children {
                if nodes[number].layer < layer {
                    nodes[current].children[name] = nil
                } else {
                    pending.append(number)
                }
            }
        }
    }

    // MARK: - Looking

    /// Returns the path to which a path leads, without symbolic links: both without a slash at the beginning.
    ///
    /// Elements that are missing at the end stay as they are.
    ///
    /// - Throws: ``Obstacle`` if the path leads through something that is no directory.
    func resolve(_ path: String) throws(Obstacle) -> String {
        var trail: [String] = []
        let (_, rest) = try follow(path.pathElements, trail: &trail)
        return (trail + rest).joined(separator: "/")
    }

    /// Returns the attributes of the directory at a path without symbolic links, or `nil` if nothing is
    /// there.
    ///
    /// - Throws: ``Obstacle`` if something is there that is no directory.
    func attributes(at path: String) throws(Obstacle) -> Attributes? {
        guard let number = number(at: path) else { return nil }
        switch nodes[number].kind {
        case .directory(let attributes): return attributes
        case .link: throw .link(path)
        case .file: throw .file(path)
        }
    }

    /// Returns the names in the directory at a path without symbolic links, in no order.
    func names(in path: String) -> [String] {
        number(at: path).map { nodes[$0].children.names } ?? []
    }

    /// Returns whether anything is at a path without symbolic links.
    func isThere(_ path: String) -> Bool { number(at: path) != nil }

    /// Returns whether a path leads to a directory, through symbolic links or not.
    func leadsToDirectory(_ path: String) -> Bool {
        (try? follow(path.pathElements))?.missing.isEmpty ?? false
    }

    /// Returns the hash in the `.ziphash` at a path without symbolic links; `nil` if there is none.
    func moduleHash(at path: String) -> ObjectID? {
        guard let number = number(at: path), case .file(let hash) = nodes[number].kind else { return nil }
        return hash
    }

    /// Returns what a directory holds besides some files and the directories above them.
    ///
    /// - Parameters:
    ///   - path: The path of the directory, without symbolic links.
    ///   - files: The files, by their paths in the directory.
    /// - Returns: The paths in the directory, in order; of a directory that does not belong there, only its
    ///   own path.
    func strays(in path: String, besides files: some Sequence<String>) -> [String] {
        guard let root = number(at: path), nodes[root].isDirectory else { return [] }
        // Paths are compared as bytes, because Swift considers some names equal that the system
        // distinguishes.
        var own: Set<[UInt8]> = []
        var directories: Set<[UInt8]> = []
        for file in files {
            own.insert(Array(file.utf8))
            for directory in file.pathParents where !directories.insert(directory).inserted { break }
        }
        var strays: [String] = []
        var pending = [(number: root, prefix: "")]
        while let (number, prefix) = pending.popLast() {
            for (name, child) in nodes[number].children {
                let path = prefix + name
                if directories.contains(Array(path.utf8)) {
                    // Engines replace what is no directory there.
                    if nodes[child].isDirectory { pending.append((child, path + "/")) }
                } else if !own.contains(Array(path.utf8)) {
                    strays.append(path)
                }
            }
        }
        return strays.sorted { $0.precedes($1) }
    }

    /// Returns the paths of the directories in a directory, at any depth, without symbolic links.
    ///
    /// - Parameters:
    ///   - path: The path of the directory.
    ///   - enters: Returns whether a directory counts, by its path in the directory; the directories in one
    ///     that does not count are passed over.
    /// - Returns: The paths in the directory, in no order.
    func directories(in path: String, where enters: (String) -> Bool) -> [String] {
        guard let root = number(at: path) else { return [] }
        var result: [String] = []
        var pending = [(number: root, prefix: "")]
        while let (number, prefix) = pending.popLast() {
            for (name, child) in nodes[number].children where nodes[child].isDirectory {
                let path = prefix + name
                guard enters(path) else { continue }
                result.append(path)
                pending.append((child, path + "/"))
            }
        }
        return result
    }

    private func number(at path: String) -> Int? {
        var current = 0
        for element in path.pathElements where !element.isEmpty {
            guard let next = nodes[current].children[element] else { return nil }
            current = next
        }
        return current
    }

    private func follow(
        _ elements: [String],
        createsTargets: Bool = false
    ) throws(Obstacle) -> (directory: Int, missing: [String]) {
        var trail: [String] = []
        return try follow(elements, createsTargets: createsTargets, trail: &trail)
    }

    /// Follows a path from the root.
    ///
    /// - Parameters:
    ///   - elements: The elements of the path.
    ///   - createsTargets: Whether the target of a symbolic link may be missing.
    ///   - trail: The elements of the path that was found, without symbolic links.
    /// - Returns: The last directory that is there, and the elements that are missing below it.
    /// - Throws: ``Obstacle``.
    private func follow(
        _ elements: [String],
        createsTargets: Bool = false,
        trail: inout [String]
    ) throws(Obstacle) -> (directory: Int, missing: [String]) {
        var pending = Array(elements.reversed())
        // The number of elements in `pending` that do not come from a link.
        var own = pending.count
        var numbers = [0]
        var link = (path: "", target: "")
        var followed = 0
        while let element = pending.popLast() {
            let isFromLink = pending.count >= own
            own = min(own, pending.count)
            if element == ".." {
                if numbers.count > 1 {
                    numbers.removeLast()
                    trail.removeLast()
                }
                continue
            }
            if element.isEmpty || element == "." { continue }
            guard let number = nodes[numbers[numbers.count - 1]].children[element] else {
                if isFromLink, !createsTargets { throw .dangling(link.path, to: link.target) }
                return (numbers[numbers.count - 1], [element] + pending.reversed())
            }
            switch nodes[number].kind {
            case .file: throw .file((trail + [element]).joined(separator: "/"))
            case .directory:
                numbers.append(number)
                trail.append(element)
            case .link(let target):
                let path = (trail + [element]).joined(separator: "/")
                followed += 1
                guard followed <= Self.longestChain else { throw .loop(path) }
                link = (path, target)
                if target.utf8.first == UInt8(ascii: "/") { (numbers, trail) = ([0], []) }
                pending += target.pathElements.reversed()
            }
        }
        return (numbers[numbers.count - 1], [])
    }

    /// Returns the elements of a path in a tar stream, which may be absolute and may hold `.` and `..`.
    private static func elements(_ path: String) -> [String] {
        var result: [String] = []
        for element in path.pathElements where !element.isEmpty && element != "." {
            if element == ".." { _ = result.popLast() } else { result.append(element) }
        }
        return result
    }
}
