/// An open file that several threads use; it is closed when the last of them lets go of it.
final class SharedFile: Sendable {
    let file: File

    /// Opens a file once more.
    ///
    /// - Throws: ``CacheStoreError`` as the system says.
    init(_ file: borrowing File) throws(CacheStoreError) { self.file = try file.duplicate() }
}
