import SystemPackage

/// The files of a checkout in which Go records the hashes of the modules that its builds use.
///
/// Those that builds in the directory use count wherever they lie: see ``BuildModules``. Others count below
/// the directory, which may hold several modules: each `go.sum` and `go.work.sum`, and each `NAME.sum` with a
/// hash of a module beside a `NAME.mod`, for the flag `-modfile`. Builds don't need these, so one that is
/// no file, can't be read or is too large is skipped. Go needs no such file below `vendor`, `testdata`
/// and `.git`. The files below `node_modules` are those of other people's programs, and come and go.
struct CheckoutSums: Sendable {
    /// A file.
    struct SumFile: Hashable, Sendable {
        /// The path relative to the checkout.
        var path: String
        /// The content.
        var content: SumLines
    }

    /// The files that name modules, ordered by path.
    private(set) var files: [SumFile] = []

    /// The files that builds in the directory of the checkout use.
    let modules: BuildModules

    /// The names of directories in which Go needs no module.
    static let skipped: Set<String> = ["vendor", "testdata", ".git", "node_modules"]

    /// The greatest depth of a directory that is looked at.
    static let maximumDepth = 48

    /// The size that no file of builds reaches, in bytes.
    private static let maximumSize = 1 << 28

    /// The size from which a file that builds don't use is skipped, in bytes.
    static let maximumOtherSize = 1 << 26

    private let excluded: Set<FileStatus.Identity>

    /// A file, told from all others by whatever path it is reached.
    private struct FileIdentity: Hashable {
        var directory: FileStatus.Identity
        var name: String
    }

    /// The identities of the files, while they are found.
    private var found: Set<FileIdentity> = []

    /// Looks for the files.
    ///
    /// - Parameters:
    ///   - checkout: The directory of the checkout.
    ///   - modules: The files that builds in that directory use.
    ///   - others: Directories that may lie in the checkout and do not belong to it, such as Go's caches.
    /// - Throws: ``CacheStoreError`` if the checkout or a file that builds use can't be read, or if the
    ///   machine is at fault. A directory below the checkout that this user may not read is skipped, as Go
    ///   skips it.
    init(
        of checkout: FilePath,
        _ modules: BuildModules,
        apartFrom others: [FilePath]
    ) throws(CacheStoreError) {
        var excluded: Set<FileStatus.Identity> = []
        for path in others where !path.isEmpty {
            if let identity = try Directory.identity(at: path) { excluded.insert(identity) }
        }
        self.excluded = excluded
        self.modules = modules
        try scan(Directory(opening: checkout), prefix: "", depth: 0)
        for path in modules.sumFiles { try use(path, from: checkout) }
        found = []
        files.sort { $0.path.precedes($1.path) }
    }

    /// Takes a file that builds use, which may be found already and may not be there.
    private mutating func use(_ path: FilePath, from checkout: FilePath) throws(CacheStoreError) {
        guard let name = path.lastComponent?.string,
            let directory = try Place.identity(at: path.removingLastComponent())
        else { return }
        let identity = FileIdentity(directory: directory, name: name)
        guard !found.contains(identity), let content = try Self.readUsed(path) else { return }
        found.insert(identity)
        files.append(SumFile(path: Self.relative(path, to: checkout), content: content))
    }

    /// Returns the path that leads from a directory to a file.
    private static func relative(_ path: FilePath, to directory: FilePath) -> String {
        let (from, to) = (Array(directory.absolute.components), Array(path.components))
        let common = zip(from, to).prefix { $0 == $1 }.count
        let up = Array(repeating: "..", count: from.count - common)
        return (up + to.dropFirst(common).map(\.string)).joined(separator: "/")
    }

    private mutating func scan(
        _ directory: borrowing Directory,
        prefix: String,
        depth: Int
    ) throws(CacheStoreError) {
        let names = try directory.names().valid
        let present = Set(names)
        for name in names {
            let path = prefix + name
            if name.hasSuffix(".sum"), let content = try Self.readOther(name, of: directory, present) {
                found.insert(FileIdentity(directory: try directory.identity(), name: name))
                files.append(SumFile(path: path, content: content))
            } else if !Self.skipped.contains(name), depth < Self.maximumDepth {
                try scanDirectory(name, of: directory, path, depth: depth + 1)
            }
        }
    }

    private mutating func scanDirectory(
        _ name: String,
        of parent: borrowing Directory,
        _ path: String,
        depth: Int
    ) throws(CacheStoreError) {
        do throws(CacheStoreError) {
            guard try parent.status(of: name)?.kind == .directory, let inner = try parent.directory(name),
                !excluded.contains(try inner.identity())
            else { return }
            try scan(inner, prefix: path + "/", depth: depth)
        } catch {
            // A directory that can't be read, or has vanished, is no error.
            if error.isOfMachine, error.code != .permissionDenied { throw error }
        }
    }

    // MARK: - Reading

    /// Reads a file of a directory that builds need not use.
    ///
    /// - Returns: The lines, or `nil` if it is no file of Go's, or one that can't be read.
    private static func readOther(
        _ name: String,
        of directory: borrowing Directory,
        _ names: Set<String>
    ) throws(CacheStoreError) -> SumLines? {
        let isGos = name == "go.sum" || name == "go.work.sum"
        guard isGos || names.contains("\(name.dropLast(4)).mod") else { return nil }
        do throws(CacheStoreError) {
            // A device is not even opened, because that may do something.
            guard try Place(at: directory.path(of: name)) == .file else { return nil }
            // Other people's programs write files with the hashes of files under such names too.
            let content = try read(directory.path(of: name), upTo: maximumOtherSize)
            return isGos || content?.namesModule == true ? content : nil
        } catch {
            let isOfFile = error.remedy == .removeObstacle || error.code == .permissionDenied
            guard isOfFile || !error.isOfMachine else { throw error }
            return nil
        }
    }

    /// Reads a file that builds use, as Go does before it runs anything.
    private static func readUsed(_ path: FilePath) throws(CacheStoreError) -> SumLines? {
        do throws(CacheStoreError) {
            return try read(path, upTo: maximumSize)
        } catch {
            throw CacheStoreError(
                error.code == .symbolicLink ? .io : error.code,
                "cannot read the hashes of modules from here, nor can Go",
                path: path,
                remedy: error.remedy,
                cause: error.cause
            )
        }
    }

    /// Reads a file that somebody has named.
    ///
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/notFound``, with code
    ///   ``CacheStoreError/Code/badArgument`` if it names no module, or as the system says.
    static func read(named path: FilePath) throws(CacheStoreError) -> SumLines {
        if case .directory = try Place(at: path) {
            let fault = "a directory, where a go.sum file should be named"
            throw CacheStoreError(.badArgument, fault, path: path, remedy: .nameSums)
        }
        if let content = try readUsed(path), content.namesModule { return content }
        switch try Place(at: path) {
        case .nothing, .brokenLink:
            throw CacheStoreError(.notFound, "there is no go.sum here", path: path, remedy: .nameSums)
        default:
            let fault = "this file has no hash of a module, as a go.sum has"
            throw CacheStoreError(.badArgument, fault, path: path, remedy: .nameSums)
        }
    }

    /// Reads a file, which may be a symbolic link.
    ///
    /// - Returns: The lines, or `nil` if there are none, or no file: a link may lead nowhere, as to a module
    ///   that is not checked out.
    private static func read(_ path: FilePath, upTo size: Int) throws(CacheStoreError) -> SumLines? {
        do throws(CacheStoreError) {
            let file = try File(reading: path)
            let status = try file.status()
            guard status.kind == .regular else {
                let cause = status.kind == .directory ? Errno.isDirectory : .notSupported
                throw CacheStoreError(.io, "", path: path, remedy: .removeObstacle, cause: cause)
            }
            guard status.size <= size else {
                throw CacheStoreError(.io, "", path: path, remedy: .removeObstacle, cause: Errno.fileTooLarge)
            }
            let content = SumLines(try file.bytes(count: status.size))
            return content.lines.isEmpty ? nil : content
        } catch {
            if error.code == .notFound { return nil }
            throw error
        }
    }

    // MARK: - Using

    /// The modules that the files name.
    var named: ModuleSums {
        var result = ModuleSums()
        for file in files { result.add(file.content) }
        return result
    }

    /// The SHA-256 of the paths and contents of the files.
    var digest: ObjectID {
        var hasher = ContentHasher()
        for file in files {
            hasher.update((file.content.digest.hexadecimal + Array("  \(file.path)\n".utf8)).span)
        }
        return hasher.finish()
    }
}
