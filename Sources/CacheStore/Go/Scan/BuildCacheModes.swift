import Glibc
import SystemPackage

/// The modes of GOCACHE itself, and of what Go keeps there beside the 256 directories.
///
/// `go test -fuzz` adds inputs below `fuzz`, and `go clean -testcache` writes `testexpire.txt` (Go's
/// cmd/go/internal/clean/clean.go and test/test.go).
struct BuildCacheModes {
    private let repair: ModeRepair

    /// The directories whose modes did not serve.
    private(set) var directories: [FilePath] = []

    /// The files whose modes did not serve.
    private(set) var files: [FilePath] = []

    /// Prepares a look at a GOCACHE.
    ///
    /// - Parameters:
    ///   - profile: The profile, which determines the modes.
    ///   - treatment: The treatment of a directory or file whose mode does not serve.
    init(_ profile: CacheProfile, _ treatment: ModeRepair.Treatment) {
        repair = ModeRepair(profile: profile, treatment: treatment)
    }

    /// Looks at a GOCACHE.
    ///
    /// - Parameter root: The directory.
    /// - Throws: The errors of ``ModeRepair/repair(_:of:with:without:)``. What can't be used is passed over.
    mutating func look(at root: borrowing Directory) throws(CacheStoreError) {
        let profile = repair.profile
        try look(atDirectory: ".", of: root)
        try look(atFile: "testexpire.txt", of: root, with: profile.moduleFileMode)
        // Go only makes it where it is missing.
        try look(atFile: "README", of: root, with: 0)
        try lookInto("fuzz", of: root)
    }

    private mutating func lookInto(_ name: String, of parent: borrowing Directory) throws(CacheStoreError) {
        guard try Unusable.passedOver(try parent.status(of: name))?.kind == .directory else { return }
        try look(atDirectory: name, of: parent)
        guard let directory = try Unusable.passedOver(try parent.directory(name)) else { return }
        for entry in try Unusable.passedOver(try directory.names().valid) ?? [] {
            switch try Unusable.passedOver(try directory.status(of: entry))?.kind {
            case .directory: try lookInto(entry, of: directory)
            case .regular: try look(atFile: entry, of: directory, with: 0o444)
            case .symbolicLink, .other, nil: continue
            }
        }
    }

    private mutating func look(
        atDirectory name: String,
        of parent: borrowing Directory
    ) throws(CacheStoreError) {
        let bits = repair.profile.buildDirectoryMode
        if let path = try repair.repair(name, of: parent, with: bits) { directories.append(path) }
    }

    private mutating func look(
        atFile name: String,
        of directory: borrowing Directory,
        with bits: mode_t
    ) throws(CacheStoreError) {
        if let path = try repair.repair(name, of: directory, with: bits) { files.append(path) }
    }
}
