@testable import CacheStore

/// The end of an archive: an accepted trailer is written as it was read.
struct TrailerTarget: FuzzTarget {
    private let scratch: Scratch

    init() throws { scratch = try Scratch() }

    func run(_ bytes: [UInt8]) {
        let path = scratch.write(bytes, to: "archive")
        do {
            let file = try File(reading: path)
            let trailer = try Trailer(reading: file)
            expect(trailer.fileSize == bytes.count, "the file has \(bytes.count) bytes: \(trailer)")
            expect(trailer.framesSize >= 0 && trailer.headerOffset >= trailer.framesSize, "\(trailer)")
            guard let head = trailer.head else { fail("the trailer can't be written") }
            let index = trailer.indexOffset..<trailer.indexOffset + trailer.indexSize
            let written = bytes[..<trailer.framesSize] + head + bytes[index] + trailer.tail
            expect(Array(written) == bytes, "the trailer is written otherwise")
            _ = try Archive(opening: path).members()
        } catch {
            expectFaultOfData(error, "the trailer")
        }
    }
}
