import Synchronization
import SystemPackage

/// The scratch directories of a cache program: one below GOCACHE, and one that takes what GOCACHE does not.
///
/// A directory is made when it is needed first.
final class ProgramScratches: Sendable {
    private let parents: [FilePath]
    private let made: Mutex<[Result<ProgramScratch, CacheStoreError>?]>

    /// Creates the directories' description.
    ///
    /// - Parameter parents: The directories in which to make them, in the order of preference.
    init(in parents: [FilePath]) {
        self.parents = parents
        made = Mutex(Array(repeating: nil, count: parents.count))
    }

    /// The number of directories.
    var count: Int { parents.count }

    /// Returns a directory, and makes it first if it is not there.
    ///
    /// - Parameter index: Its place in the order of preference.
    /// - Returns: The directory.
    /// - Throws: ``CacheStoreError`` as the system says, each time if it could not be made once.
    func scratch(_ index: Int) throws(CacheStoreError) -> ProgramScratch {
        try made.withLock { (made) throws(CacheStoreError) in
            if let result = made[index] { return try result.get() }
            do throws(CacheStoreError) {
                let scratch = try ProgramScratch(in: parents[index])
                made[index] = .success(scratch)
                return scratch
            } catch {
                made[index] = .failure(error)
                throw error
            }
        }
    }

    /// Removes the directories.
    func remove() {
        made.withLock { made in
            for case .success(let scratch) in made.compactMap(\.self) { scratch.remove() }
        }
    }
}
