public import SystemPackage

/// A value that names an archive: a path, or an archive that is open already.
///
/// Every operation on archives takes both.
public protocol ArchiveReference: Sendable {
    /// The path of the archive; of an archive that lies elsewhere, its address for messages.
    var archivePath: FilePath { get }

    /// Opens the archive.
    ///
    /// - Returns: The archive.
    /// - Throws: The errors of ``Archive/init(opening:)``.
    func open() throws(CacheStoreError) -> Archive
}

extension Archive: ArchiveReference {
    /// The path by which the archive was opened.
    public var archivePath: FilePath { path }

    /// Returns the archive itself.
    public func open() throws(CacheStoreError) -> Archive { self }
}

extension FilePath: ArchiveReference {
    /// The path itself.
    public var archivePath: FilePath { self }

    /// Opens the archive at the path.
    public func open() throws(CacheStoreError) -> Archive { try Archive(opening: self) }
}

extension String: ArchiveReference {
    /// The text as a path.
    public var archivePath: FilePath { FilePath(self) }

    /// Opens the archive whose path is this text.
    public func open() throws(CacheStoreError) -> Archive { try Archive(opening: FilePath(self)) }
}

extension Sequence<any ArchiveReference> {
    /// Opens the archives, in order.
    func opened() throws(CacheStoreError) -> [Archive] {
        var archives: [Archive] = []
        for reference in self { archives.append(try reference.open()) }
        return archives
    }
}

extension Sequence<Archive> {
    /// Refuses an output that is one of these archives, under whatever name.
    ///
    /// - Parameter path: The archive that is to be written, which holds only what these archives lack.
    /// - Throws: ``CacheStoreError`` with code ``CacheStoreError/Code/badArgument``.
    func checkOutput(_ path: FilePath) throws(CacheStoreError) {
        try path.check(
            asOutputBeside: map(\.path),
            "the new archive is to hold only what this one lacks, so it can't take its place"
        )
    }
}
