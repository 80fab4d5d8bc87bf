@testable import CacheStore

/// A zstd frame, with the length that its content must have in the first three bytes.
struct ZstdTarget: FuzzTarget {
    /// The most that one frame may have; the length of a chunk.
    private static let limit = FormatLimits.chunkSize

    func run(_ bytes: [UInt8]) {
        guard bytes.count >= 3 else { return }
        let stated = Int(bytes[0]) << 16 | Int(bytes[1]) << 8 | Int(bytes[2])
        let frame = Array(bytes.dropFirst(3))
        // Most inputs should get as far as the decoder, so a size that the frame does not state is rare.
        for size in Set([min(stated, Self.limit), Self.size(of: frame)]) {
            guard let decoder = try? ZstdDecompressor() else { fail("there is no memory for a decoder") }
            var content: [UInt8] = []
            let isWhole = (try? decoder.decode(frame.span, size: size, into: &content)) ?? false
            expect(content.count <= size, "\(content.count) bytes are decoded, of \(size)")
            guard isWhole else { continue }
            expect(content.count == size, "a frame of \(size) bytes has \(content.count)")
            expect(Self.streamed(frame) == content, "a frame has other content as a stream")
            expect(Self.beginsRight(frame, content), "a frame has other content at its beginning")
            if let again = try? ZstdCompressor(level: 1).frame(content.span) {
                var other: [UInt8] = []
                let isSame = (try? decoder.decode(again.span, size: size, into: &other)) ?? false
                expect(isSame && other == content, "content that was compressed is another")
            }
        }
    }

    /// The size that the header of a frame states in its simplest form, or 0.
    private static func size(of frame: [UInt8]) -> Int {
        guard frame.count > 5, frame[4] & 0b1110_0000 == 0b0010_0000 else { return 0 }
        return Int(frame[5])
    }

    /// Decodes the beginning of a frame in two steps, and returns whether its content begins like that.
    private static func beginsRight(_ frame: [UInt8], _ content: [UInt8]) -> Bool {
        guard var decoder = try? ZstdPrefixDecompressor(),
            (try? decoder.begin(frame.span, size: content.count)) == true
        else { return false }
        var beginning: [UInt8] = []
        for count in [content.count / 3, content.count / 2] {
            let isEnough = (try? decoder.decode(frame.span, upTo: count, into: &beginning)) ?? false
            guard isEnough, beginning.count >= count, content.starts(with: beginning) else { return false }
        }
        return true
    }

    /// Decodes frames as a stream, up to the limit; `nil` for a fault.
    private static func streamed(_ frames: [UInt8]) -> [UInt8]? {
        struct TooLong: Error {}
        var content: [UInt8] = []
        do {
            var decoder = try ZstdStreamDecompressor()
            let isWhole = try decoder.append(frames.span) { piece in
                guard content.count + piece.count <= limit else { throw TooLong() }
                for index in piece.indices { content.append(piece[index]) }
            }
            return isWhole ? content : nil
        } catch is ZstdError {
            return nil
        } catch {
            return nil
        }
    }
}
