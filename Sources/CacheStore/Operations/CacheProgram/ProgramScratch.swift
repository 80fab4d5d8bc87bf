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
        while true {
            let name = TemporaryName(for: Self.word)
            // Until it is locked, another program may take the directory for abandoned, and remove it.
            guard let made = try Self.passingOverRemoval(try above.creatingDirectory(name.text, mode: 0o700)),
                name.lock(made.descriptor, in: above)
            else { continue }
            directory = made
            self.name = name
            break
        }
        self.parent = above
    }

    /// Returns the result of `body`, or `nil` if what it makes is removed at the same time.
    private static func passingOverRemoval(
        _ body: @autoclosure () throws(CacheStoreError) -> Directory
    ) throws(CacheStoreError) -> Directory? {
        do throws(CacheStoreError) {
            return try body()
        } catch {
            if error.code == .notFound { return nil }
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
