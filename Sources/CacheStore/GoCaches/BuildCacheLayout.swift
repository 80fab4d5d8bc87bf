/// Where things lie in GOCACHE (Go's cmd/go/internal/cache/cache.go, `fileName`).
enum BuildCacheLayout {
    /// The time in the future that every entry gets: 2037-01-01 00:00:00 UTC, in seconds since 1970.
    ///
    /// It keeps Go from trimming the entry and from rewriting its time at a hit, see <doc:AboutGoCaches>.
    static let sealTime = 2_114_380_800

    /// The name of one of the 256 directories.
    static func subdirectory(_ index: Int) -> String { (index < 16 ? "0" : "") + String(index, radix: 16) }

    /// Whether a name is that of one of the 256 directories.
    static func isSubdirectory(_ name: String) -> Bool {
        name.utf8.count == 2
            && name.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    /// The path of an action entry below GOCACHE.
    static func name(ofAction id: ObjectID) -> String { "\(subdirectory(Int(id.firstByte)))/\(id)-a" }

    /// The path of an output below GOCACHE.
    static func name(ofOutput id: ObjectID) -> String { "\(subdirectory(Int(id.firstByte)))/\(id)-d" }
}
