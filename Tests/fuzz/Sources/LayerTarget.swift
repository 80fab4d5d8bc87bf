@testable import CacheStore

/// Blobs of layers, compressed or not.
struct LayerTarget: FuzzTarget {
    /// The memory that names may take; less than in a real run, so that the limit is met.
    private static let budget = 1 << 20

    func run(_ bytes: [UInt8]) {
        let (whole, wholeFault) = Self.read(bytes, pieces: bytes.count)
        let (pieces, piecesFault) = Self.read(bytes, pieces: max(4, bytes.count / 3))
        if !wholeFault, !piecesFault { expect(whole == pieces, "pieces of a layer have other members") }
        TarTarget.checkTree(whole)
    }

    private static func read(_ bytes: [UInt8], pieces: Int) -> (entries: [TarEntry], isFaulty: Bool) {
        var reader = BaseLayerReader(BlockBudget(budget))
        var position = 0
        do {
            while position < bytes.count {
                let end = min(bytes.count, position + max(1, pieces))
                try reader.append(bytes.span.extracting(position..<end))
                position = end
            }
            try reader.finish()
        } catch is TarReader.Fault {
            return (reader.entries, true)
        } catch is ZstdError {
            return (reader.entries, true)
        } catch is ZlibError {
            return (reader.entries, true)
        } catch {
            fail("a layer: \(error)")
        }
        return (reader.entries, false)
    }
}
