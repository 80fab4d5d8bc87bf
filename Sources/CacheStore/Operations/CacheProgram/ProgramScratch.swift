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

    /// The number of attempts to make the directory.
    ///
    /// Where all fail, the directory above it is gone.
    private static let maximumAttempts = 100

    /// Makes the directory, which only this user can enter.
    ///
    /// - Parameter parent: The directory in which to make it.
    /// - Throws: ``CacheStoreError`` as the system says.
    init(in parent: FilePath) throws(CacheStoreError) {
        let above = try Directory(opening: parent)
        TemporaryName.removeAbandoned(for: Self.word, in: above)
        var attempts = 0
        while true {
            let name = TemporaryName(for: Self.word)
            attempts += 1
            do throws(CacheStoreError) {
                let made = try above.creatingDirectory(name.text, mode: 0o700)
                guard name.lock(made.descriptor, in: above) else { continue }
                directory = made
                self.name = name
                break
            } catch {
                // It may have been created, but not opened.
                try? above.removeAll(name.text)
                // Until it is locked, another program may take the directory for abandoned, and remove it.
                guard error.code == .notFound, attempts < Self.maximumAttempts else { throw error }
            }
        }
        self.parent = above
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
