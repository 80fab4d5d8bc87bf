@testable import CacheStore

/// Compiled packages, and the classes of outputs.
struct PackageTarget: FuzzTarget {
    func run(_ bytes: [UInt8]) {
        var read = 0
        let package = CompiledPackage.read(size: bytes.count) { range in
            expect(range.clamped(to: bytes.indices) == range, "\(range) is outside the package")
            expect(range.count <= 257 << 10, "\(range.count) bytes are read at once")
            read += range.count
            return Array(bytes[range])
        }
        // Names and their records may be read twice, but nothing is read in squares.
        expect(read <= 64 * (bytes.count + 4096), "\(read) bytes of \(bytes.count) are read")
        if let package { expect(package.importPath.utf8.count <= 3 * (1 << 16), "a name is too long") }
        let head = Array(bytes.prefix(EntryClassifier.headSize))
        _ = EntryClassifier.contentClass(head, size: bytes.count)
        guard let line = EntryClassifier.origin(head) else { return }
        guard let origin = PackageOrigin(header: line) else { return }
        var environment = GoEnvironment()
        environment.origins = [origin]
        let header = origin.header
        if let again = PackageOrigin(header: header) {
            expect(again.header == header, "an origin that was written is another one: \(header)")
        }
        _ = environment.origins
    }
}
