import Testing

@testable import CacheStore

@Suite("XXH64")
struct XXH64Tests {
    @Test(
        "has its published values",
        arguments: [
            ("", 0xEF46_DB37_51D8_E999), ("a", 0xD24E_C4F1_A98C_6E5B), ("abc", 0x44BC_2CF5_AD77_0999),
            ("Nobody inspects the spammish repetition", 0xFBCE_A83C_8A37_8BF1),
            ("The quick brown fox jumps over the lazy dog", 0x0B24_2D36_1FDA_71BC),
        ] as [(String, UInt64)]
    )
    func vectors(text: String, expected: UInt64) {
        #expect(XXH64.hash(Array(text.utf8).span) == expected)
    }

    @Test("differs where one byte does, at every length up to 100")
    func everyByte() {
        var source = SeededBytes(seed: 1)
        var seen: Set<UInt64> = []
        for count in 0...100 {
            let bytes = source.bytes(count)
            let hash = XXH64.hash(bytes.span)
            seen.insert(hash)
            for place in bytes.indices {
                let changed = bytes.replacing(at: place, with: [bytes[place] ^ 0x40])
                #expect(XXH64.hash(changed.span) != hash, "byte \(place) of \(count)")
            }
        }
        #expect(seen.count == 101)
    }
}

@Suite("SHA-256")
struct ContentHasherTests {
    @Test(
        "has the values of FIPS 180-4",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ]
    )
    func vectors(text: String, expected: String) {
        #expect(ContentHasher.hash(Array(text.utf8).span).description == expected)
    }

    @Test("does not depend on how the content is cut")
    func pieces() {
        var source = SeededBytes(seed: 1)
        let bytes = source.bytes(1_000)
        for size in [1, 7, 64, 999] {
            var hasher = ContentHasher()
            for start in stride(from: 0, to: bytes.count, by: size) {
                hasher.update(bytes.span.extracting(start..<min(start + size, bytes.count)))
            }
            #expect(hasher.finish() == ContentHasher.hash(bytes.span), "pieces of \(size)")
        }
    }
}
