import Testing

@testable import cachectl

@Suite("The options of a part")
struct PartOptionTests {
    @Test(
        "take a share above 0 and at most 100 percent",
        arguments: [("5%", 0.05), ("100%", 1), ("0.5%", 0.005), ("0.000001%", 0.000_000_01), ("100.0%", 1)]
    )
    func share(text: String, expected: Double) throws {
        #expect(abs(try Percentage.read(text) - expected) < 1e-12)
    }

    @Test(
        "refuse anything else as a share",
        arguments: [
            "", "5", "%", "0%", "0.0%", "100.1%", "101%", "-5%", "+5%", "5 %", " 5%", "5%%", ".5%", "5.%",
            "1e1%", "0x5%", "٥%", "nan%", "inf%", "5,5%", "0.0000000001%", "99999999999%",
        ]
    )
    func noShare(text: String) { #expect(throws: (any Error).self) { try Percentage.read(text) } }

    @Test(
        "are told in words that call only a whole 100 %",
        arguments: [
            (0.05, "5 %"), (1, "100 %"), (0.9999, "99.9 %"), (0.0001, "less than 0.1 %"), (0, "0 %"),
            (0.0512, "5.1 %"),
        ]
    )
    func words(share: Double, expected: String) { #expect(Percentage.text(share) == expected) }

    @Test(
        "take a time with a unit",
        arguments: [
            ("2s", Duration.seconds(2)), ("500ms", .milliseconds(500)), ("1.5m", .seconds(90)),
            ("1h", .seconds(3600)), ("1ms", .milliseconds(1)), ("0.001s", .milliseconds(1)),
        ]
    )
    func time(text: String, expected: Duration) throws { #expect(try TimeSpan.read(text) == expected) }

    @Test(
        "refuse anything else as a time",
        arguments: ["", "2", "s", "0s", "-2s", "2 s", "2S", "2d", "1e3s", "0.5ms", "2s3", ".5s", "٢s"]
    )
    func noTime(text: String) { #expect(throws: (any Error).self) { try TimeSpan.read(text) } }
}
