import Synchronization
import Testing

@testable import CacheStore

/// Tests of a file that consists of pieces of others.
@Suite("A file of pieces")
struct PieceFileTests {
    @Test("has the bytes of its pieces in every range, each read once", arguments: 0..<30)
    func ranges(seed: Int) async throws {
        var random = SeededBytes(seed: UInt64(seed))
        let files = (0..<3).map { _ in
            StubRemoteFile(random.bytes(Int.random(in: 1...50_000, using: &random)))
        }
        var (pieces, expected) = ([PieceFile.Piece](), [UInt8]())
        for _ in 0..<Int.random(in: 1...40, using: &random) {
            let number = Int.random(in: 0..<3, using: &random)
            let start = Int.random(in: 0..<files[number].byteCount, using: &random)
            let end = Int.random(in: start...min(files[number].byteCount, start + 5_000), using: &random)
            pieces.append(PieceFile.Piece(file: number, range: start..<end))
            expected += files[number].part(start..<end)
        }
        let file = try PieceFile(named: "pieces", of: files, pieces)
        #expect(file.byteCount == expected.count)
        for _ in 0..<20 {
            let start = Int.random(in: 0...expected.count, using: &random)
            let range = start..<Int.random(in: start...expected.count, using: &random)
            #expect(try await file.bytes(range) == Array(expected[range]), "\(range)")
        }
    }

    @Test("is refused where a piece lies in no file")
    func outside() {
        let file = StubRemoteFile([1, 2, 3])
        for piece in [(0, 1..<4), (1, 0..<1), (-1, 0..<1), (0, -1..<2)] {
            let error = #expect(throws: CacheStoreError.self) {
                try PieceFile(named: "pieces", of: [file], [PieceFile.Piece(file: piece.0, range: piece.1)])
            }
            #expect(error?.code == .corruptArchive)
        }
    }
}
