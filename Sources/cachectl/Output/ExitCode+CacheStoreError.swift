import ArgumentParser
import CacheStore

extension ExitCode {
    /// The status for corrupt data in an archive, a cache or a target.
    static let corrupt = ExitCode(2)

    /// The status for a result that is sound, but lacks members that are damaged in the archive.
    static let partial = ExitCode(3)

    /// Creates the status for an error of the library; `cachectl --help` shows all statuses.
    init(_ error: CacheStoreError) {
        switch error.code {
        case .notAnArchive, .corruptArchive, .unsafePath, .conflict, .dispute, .wrongSum, .damagedCache,
            .badTar:
            self = .corrupt
        case .badArgument: self = .validationFailure
        default: self = .failure
        }
    }

    /// Creates the status of a process that `signal` stopped, by the convention of shells.
    init(signal: Int32) { self.init(128 + signal) }
}
