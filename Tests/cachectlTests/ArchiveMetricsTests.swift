import Testing

@testable import cachectl

@Suite("The value of a label of metrics")
struct ArchiveMetricsTests {
    @Test(
        "stays in its quotes on its line, whatever is in it",
        arguments: [
            ("a.castore", "a.castore"), (#"a\b"#, #"a\\b"#), (#"q",x="1"#, #"q\",x=\"1"#), ("a\nb", #"a\nb"#),
            // Swift takes each of these pairs for one character.
            ("q\"\u{301},x=\"1", "q\\\"\u{301},x=\\\"1"), ("b\\\u{301}", "b\\\\\u{301}"),
            ("c\r\nevil_metric 1\r\n.castore", #"c\\u{d}\nevil_metric 1\\u{d}\n.castore"#),
            // Readers of the format take these as they are, and a terminal does not.
            ("a\u{1B}[31m\tb\u{7F}", #"a\\u{1b}[31m\\u{9}b\\u{7f}"#),
            ("\u{202A}\u{202E}\u{2066}\u{2069}", #"\\u{202a}\\u{202e}\\u{2066}\\u{2069}"#),
            ("a\u{2028}b\u{85}", #"a\\u{2028}b\\u{85}"#), ("e\u{301}\u{65E5}", "e\u{301}\u{65E5}"), ("", ""),
        ]
    )
    func escape(value: String, text: String) {
        #expect(ArchiveMetrics.escape(value).utf8.elementsEqual(text.utf8))
    }
}
