import Testing

@testable import CacheStore

@Suite("An object ID")
struct ObjectIDTests {
    @Test("has 32 bytes, and no other number of them")
    func length() {
        for count in 0...80 {
            #expect((ObjectID([UInt8](repeating: 7, count: count).span) != nil) == (count == 32))
        }
    }

    @Test("is read from 64 lower-case digits, and from nothing else")
    func digits() throws {
        let text = "00ff0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab"
        let read = ObjectID(hexadecimal: Array(text.utf8).span)
        let id = try #require(read)
        #expect(id.description == text)
        #expect(Array(id.bytes.prefix(4)) == [0x00, 0xFF, 0x01, 0x23])
        #expect(id.firstByte == 0)
        let wrong = [
            "", String(text.dropLast()), text + "0", text.uppercased(), "g" + text.dropFirst(),
            " " + text.dropFirst(),
            "0x" + text.dropFirst(2),
        ]
        for text in wrong { #expect(ObjectID(hexadecimal: Array(text.utf8).span) == nil, "\(text)") }
        #expect(ObjectID(text) == id)
        for text in wrong { #expect(ObjectID(text) == nil, "\(text)") }
    }

    @Test("survives the way through text and bytes, and is ordered as both are")
    func roundTrip() throws {
        var source = SeededBytes(seed: 1)
        var ids: [ObjectID] = []
        for index in 0..<400 {
            var bytes = source.bytes(32)
            // Every fourth ID has the same first 31 bytes, so that these IDs differ only in the last byte.
            if index % 4 == 0 { bytes.replaceSubrange(0..<31, with: [UInt8](repeating: 9, count: 31)) }
            let read = ObjectID(bytes.span)
            let id = try #require(read)
            #expect(id.bytes == bytes)
            #expect(ObjectID(hexadecimal: id.hexadecimal.span) == id)
            #expect(id.firstByte == bytes[0])
            ids.append(id)
        }
        let byID = ids.sorted().map(\.description)
        #expect(byID == ids.map(\.description).sorted())
        #expect(ids.sorted().map(\.bytes) == ids.map(\.bytes).sorted { $0.lexicographicallyPrecedes($1) })
    }
}
