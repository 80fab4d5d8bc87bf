import Glibc
package import SystemPackage

/// What stands at a path, if symbolic links are followed.
package enum Place: Hashable, Sendable {
    /// A directory.
    case directory
    /// A file.
    case file
    /// A pipe, device, socket or terminal.
    case special
    /// A symbolic link that leads nowhere.
    case brokenLink
    /// Nothing.
    case nothing

    /// Looks at a path.
    ///
    /// - Throws: ``CacheStoreError`` as the system says, if it does not say what stands there.
    package init(at path: FilePath) throws(CacheStoreError) {
        var raw = stat()
        do throws(Errno) {
            _ = try SystemCall.run { unsafe path.withPlatformString { unsafe stat($0, &raw) } }
            switch FileStatus(raw).kind {
            case .directory: self = .directory
            case .regular: self = .file
            case .symbolicLink, .other: self = .special
            }
        } catch {
            guard error == .noSuchFileOrDirectory else { throw .system(error, "examine", path) }
            let isLink = unsafe path.withPlatformString { unsafe lstat($0, &raw) } == 0
            self = isLink ? .brokenLink : .nothing
        }
    }

    /// Returns whether two paths lead to one file or directory.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault.
    package static func isSame(_ path: FilePath, _ other: FilePath) throws(CacheStoreError) -> Bool {
        guard let identity = try identity(at: path) else { return false }
        return try identity == self.identity(at: other)
    }

    /// Returns the numbers that tell what stands at a path from all else, or `nil` if they can't be had.
    ///
    /// Unlike ``Directory/identity(at:)``, this method needs no right to read a directory.
    ///
    /// - Throws: ``CacheStoreError`` if the machine is at fault (``CacheStoreError/isOfMachine``).
    static func identity(at path: FilePath) throws(CacheStoreError) -> FileStatus.Identity? {
        var raw = stat()
        let found = try Unusable.passedOver(
            try SystemCall.checked("examine", path) {
                unsafe path.withPlatformString { unsafe stat($0, &raw) }
            }
        )
        return found.map { _ in FileStatus(raw).identity }
    }
}

extension FilePath {
    /// Refuses this path for an output if it leads to one of the files that the output must not replace.
    ///
    /// - Parameters:
    ///   - files: The files.
    ///   - message: The reason, in words that go before the path of the file.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``, or as the system says.
    package func check(asOutputBeside files: [FilePath], _ message: String) throws(CacheStoreError) {
        for file in files where try Place.isSame(self, file) {
            throw CacheStoreError(.badArgument, message, path: file, remedy: .chooseOtherName)
        }
    }
}
