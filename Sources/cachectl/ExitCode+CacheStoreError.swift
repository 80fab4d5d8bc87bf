import ArgumentParser
import CacheStore

extension ExitCode {
    /// Data is corrupt: an archive or cache does not hold what it should.
    static let corrupt = ExitCode(2)

    /// The status for an error of the library; the table is in `cachectl --help`.
    init(_ error: CacheStoreError) {
        switch error.code {
        case .notAnArchive, .corruptArchive, .conflict, .damagedCache: self = .corrupt
        // A name in an archive is corrupt data; a symbolic link in the target is the target's fault.
        case .unsafePath: self = error.member == nil ? .failure : .corrupt
        case .badArgument: self = .validationFailure
        default: self = .failure
        }
    }

    /// The status of a process that `signal` stopped, as shells count.
    init(signal: Int32) { self.init(128 + signal) }
}
