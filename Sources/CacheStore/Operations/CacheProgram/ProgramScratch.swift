import Synchronization
import SystemPackage

/// A directory for the scratch files of one cache program.
///
/// Several programs share GOCACHE, so each writes in a directory of its own, and renames whole files to their
/// places. What killed programs have left is removed by the next one: see ``TemporaryName``.
final class ProgramScratch: Sendable {
    /// The directory.
    let directory: Directory

    private let parent: Directory
    private let name: TemporaryName
    private let last = Atomic<Int>(0)

    /// The word that tells these directories from the temporary files of other outputs.
    private static let word = "prog"

    /// Makes the directory, which only this user can enter.
    ///
    /// - Parameter parent: The directory in which to make it.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(in parent: FilePath) throws(CacheStoreError) {
        let above = try Directory(opening: parent)
        TemporaryName.removeAbandoned(for: Self.word, in: above)
        var name = TemporaryName(for: Self.word)
        var directory = try Self.make(name, in: above)
        while !name.lock(directory.descriptor, in: above) {
            name = TemporaryName(for: Self.word)
            directory = try Self.make(name, in: above)
        }
        self.directory = directory
        self.parent = above
        self.name = name
    }

    private static func make(
        _ name: TemporaryName,
        in above: borrowing Directory
    ) throws(CacheStoreError) -> Directory {
        do throws(CacheStoreError) {
            return try above.creatingDirectory(name.text, mode: 0o700)
        } catch {
            // It may have been created, but not opened.
            try? above.removeAll(name.text)
            throw error
        }
    }

    /// Returns a name that no other file in the directory has.
    func newName() -> String { String(last.add(1, ordering: .relaxed).newValue) }

    /// Returns the path of a file in the directory.
    func path(of name: String) -> FilePath { directory.path(of: name) }

    /// Removes the directory with all that is in it.
    ///
    /// An error is passed over, because the next program removes what is left. One that does not last, such
    /// as too many open files, is met by a second attempt.
    func remove() {
        if (try? parent.removeAll(name.text)) == nil { try? parent.removeAll(name.text) }
    }
}
