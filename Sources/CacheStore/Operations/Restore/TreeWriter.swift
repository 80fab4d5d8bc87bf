import Glibc
import SystemPackage

/// A writer of the files of a module tree, which also mends an existing tree.
///
/// Files come in the order of their paths, so that all files below one directory come together. Directories
/// of the path stay open, but only the deepest few, because many threads may write deep trees at once.
struct TreeWriter: TreeVisitor, ~Copyable {
    private let descent: Descent

    /// The name under which a file of an existing tree is written before it replaces the old file; `nil` for
    /// a new tree, whose files get their names at once.
    private let temporaryName: String?
    private let directoryMode: mode_t
    private var hasher: TreeHasher

    /// The existing file, while its content is the same as the new content.
    private var existing: File?

    /// The file that is being written.
    private var target: File?

    /// The numbers of files created, replaced and left untouched.
    private(set) var tally = Restore.Report.Tally()

    /// The number of bytes that were written.
    private(set) var bytesWritten = 0

    /// Begins a tree.
    ///
    /// - Parameters:
    ///   - directory: The tree's directory.
    ///   - manifest: The manifest of an existing tree that is mended; `nil` if the directory was created for
    ///     the tree, and is empty.
    ///   - mode: The permission bits that the directories get at the end.
    ///   - hasher: The hasher, which is shown the files too.
    init(
        _ directory: consuming Directory,
        mending manifest: TreeManifest?,
        mode: mode_t,
        hasher: consuming TreeHasher
    ) {
        descent = Descent(directory)
        temporaryName = manifest.map(Self.temporaryName)
        directoryMode = mode
        self.hasher = hasher
    }

    /// Returns a name that nothing in a tree has.
    ///
    /// A module may hold any name. A cleaner has removed what the tree does not hold.
    private static func temporaryName(apartFrom manifest: TreeManifest) -> String {
        let base = "\(PathRules.ownPrefix)partial"
        var taken: Set<String> = []
        for entry in manifest.entries {
            taken.formUnion(entry.path.pathElements.lazy.filter { $0.utf8.starts(with: base.utf8) })
        }
        var name = base
        while taken.contains(name) { name += "-" }
        return name
    }

    private static func mode(of entry: TreeManifest.Entry) -> UInt32 { entry.isExecutable ? 0o555 : 0o444 }

    // MARK: - Files

    mutating func begin(_ entry: TreeManifest.Entry) throws {
        hasher.begin(entry)
        let elements = entry.path.pathElements
        try enter(elements.dropLast())
        let name = elements[elements.count - 1]
        let directory = descent.deepest
        if temporaryName == nil {
            target = try directory.directory.creatingFile(name, mode: Self.mode(of: entry))
        } else if let status = try directory.directory.status(of: name), status.kind == .regular,
            status.size == entry.size, (status.mode & 0o100 != 0) == entry.isExecutable
        {
            existing = try directory.directory.file(name)
        } else {
            target = try beginReplacement(entry)
        }
    }

    mutating func write(_ bytes: Span<UInt8>, at offset: Int) throws {
        hasher.write(bytes, at: offset)
        if let same = try isSame(bytes, at: offset), !same { try replaceExisting(upTo: offset) }
        guard target != nil else { return }
        try target?.write(bytes, at: offset)
        bytesWritten += bytes.count
    }

    mutating func end(_ entry: TreeManifest.Entry) throws {
        hasher.end(entry)
        if target == nil {
            tally.untouched += 1
        } else if let temporaryName {
            let directory = descent.deepest
            let name = entry.path.lastElement
            let wasThere = try directory.directory.status(of: name) != nil
            try directory.directory.rename(temporaryName, to: name)
            if wasThere { tally.replaced += 1 } else { tally.created += 1 }
        } else {
            tally.created += 1
        }
        target = nil
        existing = nil
    }

    /// Returns whether the existing file has `bytes` at `offset`; `nil` where there is no existing file.
    private func isSame(_ bytes: Span<UInt8>, at offset: Int) throws -> Bool? {
        guard existing != nil else { return nil }
        let found = try existing?.bytes(at: offset, count: bytes.count) ?? []
        guard found.count == bytes.count else { return false }
        for index in bytes.indices where found[index] != bytes[index] { return false }
        return true
    }

    private mutating func beginReplacement(_ entry: TreeManifest.Entry?) throws -> File {
        let directory = descent.deepest
        let name = temporaryName ?? PathRules.ownPrefix
        try directory.directory.remove(name)
        let mode = entry.map { Self.mode(of: $0) }
        return try directory.directory.creatingFile(name, mode: mode ?? 0o444)
    }

    /// Begins a new file with the bytes of the old file that are the same.
    private mutating func replaceExisting(upTo end: Int) throws {
        let mode = try existing?.status().mode ?? 0o444
        let replacement = try beginReplacement(nil)
        if mode & 0o100 != 0 { try replacement.setMode(0o555) }
        var offset = 0
        while offset < end {
            let piece = try existing?.bytes(at: offset, count: min(1 << 20, end - offset)) ?? []
            guard !piece.isEmpty else { break }
            try replacement.write(piece.span, at: offset)
            offset += piece.count
        }
        bytesWritten += offset
        target = consume replacement
        existing = nil
    }

    // MARK: - Directories

    /// Enters the levels of a path, and leaves all others.
    private mutating func enter(_ elements: ArraySlice<String>) throws {
        var depth = 0
        for element in elements {
            guard descent.hasName(element, atDepth: depth) else { break }
            depth += 1
        }
        while descent.depth > depth { try leave() }
        for element in elements.dropFirst(depth) {
            let inner = try descent.deepest.directory.creatingDirectory(element)
            // Go makes the directories of a module read-only.
            if temporaryName != nil { try inner.setMode(0o755) }
            try descent.enter(element, inner)
        }
    }

    private mutating func leave() throws {
        try descent.deepest.directory.setMode(directoryMode)
        try descent.leave()
    }

    /// Ends the tree, and gives its directories their modes.
    ///
    /// - Returns: The `h1:` hash of all files.
    mutating func finish() throws -> ObjectID {
        while descent.depth > 0 { try leave() }
        try descent.deepest.directory.setMode(directoryMode)
        return hasher.finish()
    }
}
