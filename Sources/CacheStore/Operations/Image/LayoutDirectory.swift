import Glibc
import SystemPackage

/// An OCI image layout that is written under a temporary name beside its final name.
///
/// The layout is renamed when it is whole, and removed otherwise.
///
/// Source: the OCI image specification, `image-layout.md`.
final class LayoutDirectory: ImageOutput {
    /// The names in a layout.
    static let (layoutFile, indexFile, blobsDirectory) = ("oci-layout", "index.json", "blobs")

    private static let layoutText = #"{"imageLayoutVersion":"1.0.0"}"#

    let lasts = true

    private let path: FilePath
    private let name: String
    private let temporaryName: TemporaryName
    private let overwrite: Bool
    private let parent: Directory
    private let root: Directory
    private let outer: Directory
    private let blobs: Directory
    private let reserve: DescriptorReserve

    /// The directories above the layout that were made for it, the deepest first.
    private let madeParents: [FilePath]

    /// Begins a layout.
    ///
    /// - Parameters:
    ///   - path: The final name of the layout; missing directories above it are made.
    ///   - overwrite: Whether the layout may replace another layout.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/exists`` if the name belongs to
    ///   something that may not be replaced, or as the system says.
    init(for path: FilePath, overwrite: Bool) throws(CacheStoreError) {
        let path = path.lexicallyNormalized()
        guard let name = path.lastComponent?.string, name != ".", name != ".." else {
            throw CacheStoreError(.badArgument, "not the name of a new directory", path: path)
        }
        let above = path.removingLastComponent()
        var temporaryName = TemporaryName(for: name)
        let mode = 0o777 & ~Umask.value
        var made: [FilePath] = []
        let parent = try Self.creatingParent(above.isEmpty ? "." : above, mode: mode, made: &made)
        do throws(CacheStoreError) {
            try Self.check(name, in: parent, overwrite: overwrite)
            TemporaryName.removeAbandoned(in: parent)
            reserve = try DescriptorReserve(levels: 3, parent)
        } catch {
            Self.remove(made)
            throw error
        }
        do throws(CacheStoreError) {
            root = try Self.creatingRoot(&temporaryName, for: name, in: parent, mode: mode, shownAs: path)
            outer = try root.creatingDirectory(Self.blobsDirectory, mode: mode)
            blobs = try outer.creatingDirectory("sha256", mode: mode)
        } catch {
            reserve.release()
            try? parent.removeAll(temporaryName.text)
            Self.remove(made)
            throw error
        }
        (self.path, self.name, self.temporaryName, self.overwrite) = (path, name, temporaryName, overwrite)
        self.parent = parent
        madeParents = made
    }

    /// The number of directories that others may take for abandoned before they are locked.
    private static let attempts = 16

    /// Creates the directory of a layout under a temporary name, and locks it.
    private static func creatingRoot(
        _ temporaryName: inout TemporaryName,
        for name: String,
        in parent: borrowing Directory,
        mode: mode_t,
        shownAs path: FilePath
    ) throws(CacheStoreError) -> Directory {
        for _ in 0..<attempts {
            do throws(CacheStoreError) {
                let text = temporaryName.text
                let root = try parent.creatingDirectory(text, mode: mode, shownAs: ShownPath(path))
                if temporaryName.lock(root.descriptor, in: parent) { return root }
            } catch {
                guard error.code == .notFound else { throw error }
            }
            temporaryName = TemporaryName(for: name)
        }
        let message = "another process removes the directories that are made for the image"
        throw CacheStoreError(.io, message, path: path)
    }

    /// Opens the directory above a layout, and makes it and the directories above it where they are missing.
    ///
    /// - Parameters:
    ///   - path: The directory.
    ///   - mode: The permission bits of new directories.
    ///   - made: Gets the directories that were made, the deepest first.
    /// - Returns: The directory.
    /// - Throws: ``CacheStoreError`` as the system says; no new directory is left then.
    private static func creatingParent(
        _ path: FilePath,
        mode: mode_t,
        made: inout [FilePath]
    ) throws(CacheStoreError) -> Directory {
        do {
            return try Directory(opening: path)
        } catch  where error.code == .notFound {
            let above = path.removingLastComponent()
            guard let name = path.lastComponent?.string, above != path else { throw error }
            let parent = try creatingParent(above.isEmpty ? "." : above, mode: mode, made: &made)
            do {
                let directory = try parent.creatingDirectory(name, mode: mode)
                // A name is on the disk when the directory that has it is.
                _ = fsync(parent.descriptor)
                made.insert(path, at: 0)
                return directory
            } catch {
                remove(made)
                throw error
            }
        }
    }

    /// Removes directories that are empty.
    private static func remove(_ made: [FilePath]) {
        for path in made { unsafe path.withPlatformString { _ = unsafe rmdir($0) } }
    }

    /// Refuses to replace anything but an image layout or an empty directory.
    private static func check(
        _ name: String,
        in parent: borrowing Directory,
        overwrite: Bool
    ) throws(CacheStoreError) {
        guard let status = try parent.status(of: name) else { return }
        let path = parent.path(of: name)
        guard overwrite else {
            throw CacheStoreError(
                .exists,
                "the output exists already",
                path: path,
                remedy: .overwrite
            )
        }
        var isLayout = false
        if status.kind == .directory, let directory = try parent.directory(name) {
            isLayout = try directory.status(of: layoutFile) != nil
            if !isLayout { isLayout = try directory.names().valid.isEmpty }
        }
        guard isLayout else {
            throw CacheStoreError(
                .exists,
                "the output is no image layout, and is not replaced",
                path: path,
                remedy: .chooseName
            )
        }
    }

    /// Removes the written files, and the directories that were made above them, unless the layout is
    /// published.
    func discard() {
        reserve.release()
        try? parent.removeAll(temporaryName.text)
        Self.remove(madeParents)
    }

    // MARK: - Blobs

    /// Creates the file of a blob, under a temporary name.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func creatingBlob(_ number: Int) throws(CacheStoreError) -> File {
        try blobs.creatingFile(Self.temporaryBlob(number), mode: 0o666 & ~Umask.value)
    }

    /// Gives a blob's file its final name.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    func nameBlob(_ number: Int, _ digest: ObjectID) throws(CacheStoreError) {
        try blobs.rename(Self.temporaryBlob(number), to: digest.description)
    }

    /// Writes a blob.
    ///
    /// - Returns: The digest of the blob.
    /// - Throws: ``CacheStoreError`` as the system says.
    func write(blob bytes: [UInt8]) throws(CacheStoreError) -> ObjectID {
        let digest = ContentHasher.hash(bytes.span)
        try write(bytes, to: digest.description, in: blobs)
        return digest
    }

    /// Takes over a blob of another layout: as the same file where that is possible, otherwise as a copy.
    ///
    /// - Parameters:
    ///   - file: The blob.
    ///   - digest: The digest of the blob.
    ///   - size: The length of the blob, in bytes.
    ///   - body: Called with each piece of the blob; an error that it throws ends the work.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/corruptArchive`` if the file does not
    ///   have its size and digest, or as the system says; or the error of `body`.
    func adopt(
        _ file: borrowing File,
        _ digest: ObjectID,
        size: Int,
        _ body: (Span<UInt8>) throws -> Void
    ) throws {
        let link = "/proc/self/fd/\(file.descriptor)"
        let name = digest.description
        let result = unsafe linkat(AT_FDCWD, link, blobs.descriptor, name, AT_SYMLINK_FOLLOW)
        let copy = result == 0 ? nil : try blobs.creatingFile(name, mode: 0o666 & ~Umask.value)
        try check(file, digest, size: size) { piece, offset in
            try body(piece)
            try copy?.write(piece, at: offset)
        }
        // The program that wrote the base may not have waited for the disk.
        try blobs.file(name)?.synchronize()
    }

    // MARK: - The end

    /// Writes the manifest and the index, and gives the layout its final name.
    ///
    /// - Parameters:
    ///   - manifest: The manifest.
    ///   - index: The content of `index.json`.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/exists`` if the name was taken
    ///   meanwhile, or as the system says.
    func publish(manifest: [UInt8], index: [UInt8]) throws(CacheStoreError) {
        _ = try write(blob: manifest)
        try write(Array(Self.layoutText.utf8), to: Self.layoutFile, in: root)
        try write(index, to: Self.indexFile, in: root)
        for directory in [blobs.descriptor, outer.descriptor, root.descriptor] { _ = fsync(directory) }
        try Self.check(name, in: parent, overwrite: overwrite)
        if try parent.status(of: name) == nil {
            try parent.rename(temporaryName.text, to: name)
        } else {
            // The name is never without a layout, whenever the process ends.
            try parent.exchange(temporaryName.text, with: name)
            // The old layout goes only when a power cut can't bring back its name.
            _ = fsync(parent.descriptor)
            // If it can't be removed, the next run to this name removes it.
            if (try? parent.removeAll(temporaryName.text)) == nil {
                try? parent.removeAll(temporaryName.text)
            }
        }
        _ = fsync(parent.descriptor)
    }

    private func write(
        _ bytes: [UInt8],
        to name: String,
        in directory: borrowing Directory
    ) throws(CacheStoreError) {
        let file = try directory.creatingFile(name, mode: 0o666 & ~Umask.value, replacing: true)
        try file.write(bytes.span, at: 0)
        try file.synchronize()
    }

    private static func temporaryBlob(_ number: Int) -> String { ".layer-\(number)" }
}
