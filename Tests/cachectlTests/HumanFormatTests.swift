import Glibc
import Testing

@testable import cachectl

@Suite("Numbers for people")
struct HumanFormatTests {
    @Test(
        "show bytes in decimal units",
        arguments: [
            (0, "0 B"), (999, "999 B"), (1000, "1.00 kB"), (1234, "1.23 kB"), (9994, "9.99 kB"),
            (9995, "10.0 kB"), (99_949, "99.9 kB"), (999_949, "999.9 kB"), (999_950, "1.00 MB"),
            (358_211_840, "358.2 MB"), (3_370_000_000, "3.37 GB"), (Int.max, "9.22 EB"), (-1500, "-1.50 kB"),
        ]
    )
    func bytes(count: Int, text: String) {
        #expect(HumanFormat.bytes(count) == text)
    }

    @Test(
        "separate the thousands",
        arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000")]
    )
    func count(count: Int, text: String) {
        #expect(HumanFormat.count(count) == text)
    }

    @Test("agree with their noun", arguments: [(0, "0 entries"), (1, "1 entry"), (1234, "1,234 entries")])
    func noun(count: Int, text: String) {
        #expect(HumanFormat.count(count, "entry", "entries") == text)
    }

    @Test(
        "show times",
        arguments: [
            (Duration.milliseconds(4), "0.00 s"), (.milliseconds(420), "0.42 s"), (.seconds(6), "6 s"),
            (.milliseconds(9996), "10.0 s"), (.milliseconds(14_230), "14.2 s"),
            (.milliseconds(59_960), "1 min 0 s"),
            (.seconds(192), "3 min 12 s"), (.seconds(3840), "1 h 4 min"),
        ]
    )
    func duration(duration: Duration, text: String) {
        #expect(HumanFormat.duration(duration) == text)
    }

    @Test("show rates, also of no time at all")
    func rate() {
        #expect(HumanFormat.rate(624_800_000, in: .seconds(2)) == "312.4 MB/s")
        #expect(HumanFormat.rate(1000, in: .zero) == "1.00 MB/s")
        #expect(HumanFormat.rate(.max, in: .zero) == "9223.4 EB/s")
    }
}

@Suite("A name for people")
struct PrintableTests {
    @Test(
        "stays as it is if nothing in it steers a terminal",
        arguments: ["", "a b/c@v1.0.0", "é", "日本", "Â"]
    )
    func harmless(name: String) {
        #expect(HumanFormat.printable(name) == name)
    }

    @Test("has the characters spelled out that end a line, are invisible, or change the direction of text")
    func invisible() {
        let text = HumanFormat.printable("a\u{202E}b\u{2028}\u{200B}\u{FEFF}")
        #expect(text == #"a\u{202e}b\u{2028}\u{200b}\u{feff}"#)
    }

    @Test("has its control characters spelled out")
    func control() {
        #expect(HumanFormat.printable("a\nb\u{1B}[31m\u{7F}\u{9B}Â") == "a\\u{a}b\\u{1b}[31m\\u{7f}\\u{9b}Â")
    }

    @Test("shows no user, password or query of an address")
    func secrets() {
        for (text, shown) in [
            (
                "`https://h/x.castore?X-Sig=s3cr3t&b=c` is one too many",
                "`https://h/x.castore` is one too many"
            ),
            ("'https://u:s3cr3t@h/x' and HTTPS://h/y#s3cr3t, z", "'https://h/x' and HTTPS://h/y z"),
            ("no file ` https:/h/x?s3cr3t` (errno)", "no file ` https:/h/x` (errno)"),
            ("oci://r/n@sha256:00 and oci://u:s3cr3t@r/n:t", "oci://r/n@sha256:00 and oci://r/n:t"),
            ("is it there? a@b.c, mod x@v1.0.0?", "is it there? a@b.c, mod x@v1.0.0?"),
            ("https://u:s3cr3t@s3cr3t@h/x", "https://h/x"), ("1ab://u@h?q", "1ab://h"),
            ("x:/a?q 1:/a?q .a:/a?q", "x:/a?q 1:/a?q .a:/a?q"), ("ab://cd://u@c#d e#f", "ab://cd://c e#f"),
            ("ab:///u@h?\u{301}q", "ab:///h"), ("ab://u@", "ab://"), ("ab:/", "ab:/"), (":/?", ":/?"),
        ] { #expect(HumanFormat.withoutSecrets(text) == shown) }
    }

    @Test(
        "takes less than a second for a message of a megabyte, whatever is in it",
        arguments: [
            "a", "a://", "ab://u:p", "ab://x@", "ab:/x?", "@", "a.b+c-", "ä\u{1B}", "://", "ab:", "ab://'",
        ]
    )
    func hostile(piece: String) {
        for prefix in ["", "ab://"] {
            let text = prefix + String(repeating: piece, count: 1_000_000 / piece.utf8.count)
            let start = clock()
            let message = Message(.error, text)
            #expect(!HumanFormat.withoutSecrets(message.lines.joined(separator: "\n")).isEmpty)
            // A quadratic scan takes hours; other tests run at the same time and take time of the process.
            #expect(Double(clock() - start) / Double(CLOCKS_PER_SEC) < 10, "\(piece.debugDescription)")
        }
    }
}
