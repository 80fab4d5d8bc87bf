/// The layout of GOCACHE (Go's cmd/go/internal/cache/cache.go, `fileName`).
enum BuildCacheLayout {
    /// The time in the future that every entry gets: 2100-01-01 00:00:00 UTC, in seconds since 1970.
    ///
    /// This time keeps Go from trimming the entry, and from rewriting the entry's time at a hit; see
    /// <doc:AboutGoCaches>. A file system that can't store this time stores its own latest time, 2038-01-19
    /// or later (Linux 5.4).
    static let sealTime = 4_102_444_800

    /// The time for a `go` command that reads times as 32-bit numbers: 2037-01-01 00:00:00 UTC.
    static let earliestSealTime = 2_114_380_800

    /// Returns the time in the future that suits the `go` commands of all given sources.
    static func sealTime(for sources: [Source]) -> Int {
        sealTime(forArchitectures: sources.map { $0.environment["GOARCH"] })
    }

    /// Returns the time in the future that suits the `go` commands of all given values of GOARCH.
    static func sealTime(forArchitectures names: [String]) -> Int {
        let narrow = ["386", "arm", "mips", "mipsle"]
        return names.contains { narrow.contains($0) } ? earliestSealTime : sealTime
    }

    /// The age of an entry's time from which on Go sets the time to now at a hit, in seconds
    /// (`mtimeInterval`).
    static let stampInterval = 3600

    /// The names beside the 256 directories that Go gives to files and directories of its own, and the names
    /// of the files that a restore and a cache program leave.
    static let bookkeeping = [
        "README", "trim.txt", "testexpire.txt", "log.txt", "fuzz", RestoreStamp.name, CheckedArchives.name,
    ]

    /// Returns the name of one of the 256 directories.
    static func subdirectory(_ index: Int) -> String { (index < 16 ? "0" : "") + String(index, radix: 16) }

    /// Returns the name of the directory that holds the entry or output with an ID.
    static func subdirectory(of id: ObjectID) -> String { subdirectory(Int(id.firstByte)) }

    /// Returns whether a name is that of one of the 256 directories.
    static func isSubdirectory(_ name: String) -> Bool {
        name.utf8.count == 2
            && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// Returns the path of an action entry below GOCACHE.
    static func name(ofAction id: ObjectID) -> String { "\(subdirectory(Int(id.firstByte)))/\(id)-a" }

    /// Returns the path of an output below GOCACHE.
    static func name(ofOutput id: ObjectID) -> String {
        "\(subdirectory(Int(id.firstByte)))/\(fileName(ofOutput: id))"
    }

    /// Returns the name of an output in its directory.
    static func fileName(ofOutput id: ObjectID) -> String { "\(id)-d" }
}
