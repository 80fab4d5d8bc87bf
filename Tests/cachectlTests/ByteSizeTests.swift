import Testing

@testable import cachectl

@Suite("A size on the command line")
struct ByteSizeTests {
    @Test(
        "is read to the byte",
        arguments: [
            ("1B", 1), ("500MB", 500_000_000), ("500 MB", 500_000_000), ("1.5GB", 1_500_000_000),
            ("1GiB", 1_073_741_824), ("0.5kib", 512), ("1.1GiB", 1_181_116_006), ("10gb", 10_000_000_000),
            ("1.000000001kB", 1000), ("2TB", 2_000_000_000_000), ("1TiB", 1_099_511_627_776),
            ("0.123456789012345TB", 123_456_789_012), ("007KB", 7000),
        ]
    )
    func sizes(text: String, bytes: Int) throws {
        #expect(try ByteSize.read(text) == bytes)
    }

    @Test(
        "is refused without a number or a unit, and if it is no size",
        arguments: [
            "", "MB", "500", "500M", "5e2MB", "-1MB", "+1MB", "1,5GB", "1.GB", ".5GB", "1.2.3GB", "1 2MB",
            "1MB ", " 1MB", "0MB", "0.1B", "0x10MB", "1PB", "9999999999999999MB", "999999999999TB", "٣MB",
        ]
    )
    func refused(text: String) {
        #expect(throws: (any Error).self) { try ByteSize.read(text) }
    }
}
