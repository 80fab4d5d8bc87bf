import Testing

@testable import CacheStore
@testable import cachectl

@Suite("The progress line")
struct ProgressTextTests {
    private let halfway = ProgressText(
        OperationProgress(
            phase: "compressing",
            bytes: 1_230_000_000,
            totalBytes: 2_460_000_000,
            items: 12_345,
            totalItems: 98_765
        ),
        elapsed: .seconds(4)
    )

    @Test(
        "drops its least telling parts until it fits",
        arguments: [
            (
                120,
                "compressing  50%  1.23 GB of 2.46 GB  12,345 of 98,765 items  307.5 MB/s  4 s left"
            ),
            (84, "compressing  50%  1.23 GB of 2.46 GB  12,345 of 98,765 items  307.5 MB/s  4 s left"),
            (80, "compressing  50%  1.23 GB of 2.46 GB  307.5 MB/s  4 s left"),
            (50, "compressing  50%  1.23 GB of 2.46 GB  4 s left"),
            (40, "compressing  50%  4 s left"), (20, "compressing  50%"), (16, "compressing"), (5, "comp"),
            (1, ""), (0, ""),
        ]
    )
    func width(columns: Int, text: String) {
        #expect(halfway.fitting(columns) == text)
        #expect(halfway.fitting(columns).count < max(1, columns))
    }

    @Test("counts items where the bytes are not known beforehand")
    func items() {
        let progress = OperationProgress(
            phase: "reading",
            bytes: 5000,
            totalBytes: 0,
            items: 1,
            totalItems: 4
        )
        let text = ProgressText(progress, elapsed: .seconds(2)).fitting(80)
        #expect(text == "reading  25%  5.00 kB  1 of 4 items  2.50 kB/s  6 s left")
    }

    @Test("shows the phase alone where nothing is known")
    func unknown() {
        let progress = OperationProgress(phase: "scanning", bytes: 0, totalBytes: 0, items: 0, totalItems: 0)
        #expect(ProgressText(progress, elapsed: .seconds(9)).fitting(80) == "scanning")
    }

    @Test("promises nothing in the first moments")
    func early() {
        let progress = OperationProgress(
            phase: "copying",
            bytes: 10,
            totalBytes: 100,
            items: 1,
            totalItems: 9
        )
        let text = ProgressText(progress, elapsed: .milliseconds(100)).fitting(80)
        #expect(text == "copying  10%  10 B of 100 B  1 of 9 items")
    }

    @Test("never shows more than 100 %")
    func beyond() {
        let progress = OperationProgress(
            phase: "copying",
            bytes: 110,
            totalBytes: 100,
            items: 0,
            totalItems: 0
        )
        let text = ProgressText(progress, elapsed: .seconds(1)).fitting(80)
        #expect(text == "copying  100%  110 B of 100 B  110 B/s  0 s left")
    }
}
