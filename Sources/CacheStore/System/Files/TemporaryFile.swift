import Glibc
import Synchronization
import SystemPackage

/// A file under a temporary name beside its final one, which is renamed when it is whole and removed
/// otherwise.
struct TemporaryFile: ~Copyable, Sendable {
    let file: File
    private let directory: Directory
    private let name: String
    private let temporaryName: TemporaryName
    private let isPublished = Atomic<Bool>(false)

    /// Creates the file.
    ///
    /// - Parameters:
    ///   - path: The final name; its directory must exist.
    ///   - overwrite: Whether a file with that name may exist already.
    /// - Throws: ``CacheStoreError``, with code ``CacheStoreError/Code/exists`` if a file is there and
    ///   `overwrite` is false, ``CacheStoreError/Code/badArgument`` if it is a directory, stream or device,
    ///   or ``CacheStoreError/Code/symbolicLink`` if it is a link.
    init(for path: FilePath, overwrite: Bool) throws(CacheStoreError) {
        let (name, parent) = try Self.place(of: path)
        let directory = try Self.directory(parent)
        if try Self.isTaken(path, name, in: directory), !overwrite { throw Self.exists(path) }
        TemporaryName.removeAbandoned(in: directory)
        let mode = 0o666 & ~Umask.value
        // Messages call the file by its final path.
        var temporary = TemporaryName(for: name)
        var file = try directory.creatingFile(temporary.text, mode: mode, shownAs: path)
        while !temporary.lock(file.descriptor, in: directory) {
            temporary = TemporaryName(for: name)
            file = try directory.creatingFile(temporary.text, mode: mode, shownAs: path)
        }
        self.file = file
        self.directory = directory
        self.name = name
        temporaryName = temporary
    }

    private static func place(of path: FilePath) throws(CacheStoreError) -> (name: String, parent: FilePath) {
        guard let name = path.lastComponent?.string else {
            throw CacheStoreError(.badArgument, "not the name of a file", path: path)
        }
        let parent = path.removingLastComponent()
        return (name, parent.isEmpty ? "." : parent)
    }

    /// Returns whether a file has the name already, and refuses what a file can't replace.
    ///
    /// - Parameter path: The final name; its directory must exist.
    /// - Returns: Whether a regular file is there.
    /// - Throws: The errors of ``init(for:overwrite:)``, except for that a file is there.
    static func isTaken(_ path: FilePath) throws(CacheStoreError) -> Bool {
        let (name, parent) = try place(of: path)
        return try isTaken(path, name, in: directory(parent))
    }

    private static func isTaken(
        _ path: FilePath,
        _ name: String,
        in directory: borrowing Directory
    ) throws(CacheStoreError) -> Bool {
        guard let there = try directory.status(of: name) else { return false }
        if there.kind == .directory {
            let message = "the output is a directory"
            throw CacheStoreError(.badArgument, message, path: path, remedy: .nameFile)
        }
        // A link in `/dev` leads to a stream. A file that took its place would break other programs.
        let isLinkOfSystem = path.starts(with: "/dev") || path.starts(with: "/proc")
        let isStream = if isLinkOfSystem { true } else { try Place(at: path) == .special }
        if there.kind != .regular, isStream {
            throw CacheStoreError(
                .badArgument,
                "the output is a stream or device, and must be a file with a name of its own",
                path: path,
                remedy: .nameFile
            )
        }
        // A rename would take the link's place, and leave the file that it leads to as it was.
        if there.kind == .symbolicLink {
            throw CacheStoreError(
                .symbolicLink,
                "the output is a symbolic link, and only a file is replaced",
                path: path,
                remedy: .nameFile
            )
        }
        return true
    }

    private static func directory(_ path: FilePath) throws(CacheStoreError) -> Directory {
        do throws(CacheStoreError) {
            return try Directory(opening: path)
        } catch {
            guard error.code == .notFound else { throw error }
            throw CacheStoreError(
                .notFound,
                "there is no directory for the output",
                path: path,
                remedy: .makeDirectory,
                cause: error.cause
            )
        }
    }

    deinit { discard() }

    /// Removes the file, unless it was published.
    ///
    /// The end of this value's life removes the file too. However, a thread that is slow to end may hold the
    /// value beyond the end of the operation.
    func discard() {
        guard !isPublished.load(ordering: .relaxed) else { return }
        _ = unsafe unlinkat(directory.descriptor, temporaryName.text, 0)
    }

    /// Writes the file to disk and gives it its final name.
    ///
    /// - Parameter overwrite: Whether the file may replace another.
    /// - Throws: ``CacheStoreError``; the temporary file is then removed.
    func publish(overwrite: Bool) throws(CacheStoreError) {
        try file.synchronize()
        if overwrite {
            try directory.rename(temporaryName.text, to: name)
        } else {
            // linkat(2) refuses where the name has been taken meanwhile; rename(2) would not.
            var isLinked = true
            do throws(Errno) {
                _ = try SystemCall.run {
                    unsafe linkat(directory.descriptor, temporaryName.text, directory.descriptor, name, 0)
                }
            } catch {
                if error == .fileExists { throw Self.exists(directory.path(of: name)) }
                isLinked = false
            }
            // Some file systems have no hard links.
            if isLinked {
                // The output is there. If the other name can't be removed, the next run to `name` does it.
                if (try? directory.remove(temporaryName.text)) == nil {
                    try? directory.remove(temporaryName.text)
                }
            } else {
                try directory.rename(temporaryName.text, to: name)
            }
        }
        isPublished.store(true, ordering: .relaxed)
        // The rename itself must survive a power cut too. Not every file system can promise that.
        _ = fsync(directory.descriptor)
    }

    private static func exists(_ path: FilePath) -> CacheStoreError {
        CacheStoreError(.exists, "the output exists already", path: path, remedy: .overwrite)
    }
}
