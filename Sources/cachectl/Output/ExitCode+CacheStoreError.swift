import ArgumentParser
import CacheStore

extension ExitCode {
    /// Data is corrupt: an archive, a cache or a target does not hold what it should.
    static let corrupt = ExitCode(2)

    /// The status for an error of the library; the table is in `cachectl --help`.
    init(_ error: CacheStoreError) {
        switch error.code {
        case .notAnArchive, .corruptArchive, .unsafePath, .conflict, .damagedCache: self = .corrupt
        case .badArgument: self = .validationFailure
        default: self = .failure
        }
    }

    /// The status of a process that `signal` stopped, as shells count.
    init(signal: Int32) { self.init(128 + signal) }
}
