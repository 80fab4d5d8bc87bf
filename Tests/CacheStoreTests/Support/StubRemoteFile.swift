import Synchronization
import SystemPackage

@testable import CacheStore

/// A remote file whose bytes lie in memory, and which notes the ranges that are read.
///
/// It gives the bytes in small pieces, and several ranges at once.
final class StubRemoteFile: RemoteFile {
    /// A fault of the file.
    enum Fault: Sendable {
        /// The bytes from an offset on can't be read.
        case error(from: Int)
        /// A read gives some bytes fewer than were asked for.
        case short
        /// A read gives a byte more than was asked for.
        case long
        /// A read never ends, unless its task is cancelled.
        case stall
    }

    let name = "https://example.com/all.castore"
    var byteCount: Int { bytes.count }
    private let bytes: [UInt8]
    private let fault: Mutex<Fault?>

    /// The ranges that were read, in the order of the requests.
    let requests = Mutex<[Range<Int>]>([])

    init(_ bytes: [UInt8], _ fault: Fault? = nil) {
        self.bytes = bytes
        self.fault = Mutex(fault)
    }

    /// Reads the bytes of a file on disk.
    convenience init(_ path: FilePath, _ fault: Fault? = nil) throws {
        self.init(try Files.bytes(path), fault)
    }

    /// Mends the file.
    func mend() { fault.withLock { $0 = nil } }

    /// The number of bytes that were asked for.
    var requested: Int { requests.withLock { $0.reduce(0) { $0 + $1.count } } }

    func read(_ range: Range<Int>, _ receive: @Sendable (Span<UInt8>) throws -> Void) async throws {
        requests.withLock { $0.append(range) }
        var end = range.upperBound
        switch fault.withLock(\.self) {
        case .error(let start) where range.upperBound > start:
            throw CacheStoreError(.network, "the server at `\(name)` does not answer")
        case .short: end -= 1
        case .long: try receive(Array(bytes[range] + [0]).span)
        case .stall: try await Task.sleep(for: .seconds(3600))
        default: break
        }
        for start in stride(from: range.lowerBound, to: end, by: 1000) {
            await Task.yield()
            try receive(Array(bytes[start..<min(start + 1000, end)]).span)
        }
    }
}
