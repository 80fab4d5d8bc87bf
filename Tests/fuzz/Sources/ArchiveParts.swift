import SystemPackage

@testable import CacheStore

/// The parts of an archive that its checksums cover, apart.
struct ArchiveParts {
    /// All frames, end to end.
    var frames: [UInt8]

    /// The SQLite database.
    var index: [UInt8]

    /// The version of the format that the trailer states.
    var version = FormatLimits.version

    /// The archive with all checksums of the trailer made right.
    var sealed: [UInt8] {
        let trailer = Trailer(
            version: version,
            framesSize: frames.count,
            indexSize: index.count,
            indexID: digest(index)
        )
        guard let head = trailer.head else { fail("an input makes an archive of 4 GiB") }
        return frames + head + index + trailer.tail
    }

    init(frames: [UInt8], index: [UInt8]) { (self.frames, self.index) = (frames, index) }

    /// Reads an archive, sealed or not; `nil` if it has no two parts.
    init?(_ archive: [UInt8]) {
        guard archive.count > Trailer.markSize + Trailer.headerSize else { return nil }
        let offset = archive.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let indexOffset = Int(exactly: offset), indexOffset >= Trailer.headerSize,
            indexOffset <= archive.count - Trailer.markSize
        else { return nil }
        let header = archive[indexOffset - Trailer.headerSize..<indexOffset]
        let length = header.dropFirst(16).prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard let framesSize = Int(exactly: length), framesSize <= indexOffset else { return nil }
        frames = Array(archive[..<framesSize])
        index = Array(archive[indexOffset..<archive.count - Trailer.markSize])
        version = header.dropFirst(8).first.map(Int.init) ?? version
    }

    /// Reads one of the archives on which inputs are built: `Tests/fuzz/bases/NAME.castore`.
    init(base name: String) throws {
        let path = FilePath(#filePath).removingLastComponent().removingLastComponent()
            .appending("bases").appending("\(name).castore")
        let file = try File(reading: path)
        guard let parts = Self(try file.bytes(count: file.status().size)) else {
            fail("`\(path)` is no archive")
        }
        self = parts
    }
}
