/// Values that readers are likely to get wrong.
enum Values {
    private static let numbers = [
        Int.min, Int.min + 1, -2_147_483_649, -2_147_483_648, -4096, -2, -1, 0, 1, 2, 3, 7, 127, 128, 255,
        256, 4095, 4096, 65_535, 65_536, 6_721_641, 6_721_642, 8_388_607, 8_388_608, 8_388_609,
        16_777_216, 16_777_217, 262_144_000, 262_144_001, 524_288_000, 524_288_001, 2_147_483_647,
        2_147_483_648,
        4_294_967_295, 4_294_967_296, 1 << 44, 1 << 53, Int.max / 2, Int.max - 4096, Int.max - 1, Int.max,
    ]

    private static let names = [
        "", ".", "..", "/", "a", "A", "a/b", "a//b", "../a", "/a", "a/", "a/..", "con", "con.txt", "aux/b",
        "a.",
        "a b", "-a", ".wh.a", ".wh..wh..opq", ".partial", ".castore-a", "a.tmp", "go.mod", "_go.mod",
        "GO.MOD",
        "vendor/modules.txt", "a:b", "a\\b", "a\nb", "a\tb", "a\0b", "é", "e\u{301}", "日本", "\u{202E}a",
        "example.com/m@v1.0.0", "example.com/!m@v1.0.0", "example.com/M@v1.0.0", "example.com/m@v2.0.0",
        "golang.org/toolchain@v0.0.1-go1.25.5.linux-amd64", "golang.org/fips140@v1.0.0", "a.b@v1", "a.b/c@v1",
        "sum.golang.org/lookup/a.b@v1.0.0", "sum.golang.org/tile/8/0/002", "sum.golang.org/latest",
        "info", "mod", "zip", "ziphash", "package", "other", "digest", "format",
        String(repeating: "a", count: 240), String(repeating: "a", count: 247),
        String(repeating: "a", count: 255), String(repeating: "a", count: 256),
        String(repeating: "a/", count: 2047) + "a",
        String(repeating: "a/", count: 2048), String(repeating: "aaaaaaaa/", count: 455) + "a",
    ]

    /// Takes a value of any type.
    static func take(_ input: inout InputReader) -> Cell {
        switch input.choice(10) {
        case 0...3: .integer(numbers[input.choice(numbers.count)])
        case 4, 5: .offset(input.choice(2) == 0 ? input.byte() : -input.byte())
        case 6: .text(name(&input))
        case 7: .blob(input.bytes(input.choice(2) == 0 ? 32 : input.choice(64)))
        case 8: .integer(Int(bitPattern: UInt(input.word())))
        default: .null
        }
    }

    /// Takes a text.
    static func text(_ input: inout InputReader) -> Cell { .text(name(&input)) }

    /// Takes a name: one of the list, or any.
    static func name(_ input: inout InputReader) -> String {
        let number = input.choice(names.count + 8)
        if number < names.count { return names[number] }
        return String(decoding: input.bytes(1 + input.choice(32)), as: UTF8.self)
    }
}
