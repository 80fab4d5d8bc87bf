import FoundationEssentials
import SystemPackage
import Testing

@testable import CacheStore
@testable import cachectl

@Suite("The summary of a program that served GOCACHE")
struct ProgramSectionTests {
    private let directory: TemporaryLog

    init() throws { directory = try TemporaryLog() }

    private static var report: CacheProgram.Report {
        var report = CacheProgram.Report(startTime: 1_795_973_907, archives: ["/caches/all.castore"])
        (report.gets, report.misses, report.puts) = (991, 366, 4)
        report.hits = [.buildCache: 3, .archive: 622]
        (report.decodedBytes, report.putBytes) = (184_000_000, 12_345)
        (report.answerTime, report.lifetime) = (.microseconds(812_500), .milliseconds(2410))
        return report
    }

    private func figures(_ lines: [String]) throws -> JobFigures {
        let nothing: [UInt8] = []
        var figures = JobFigures(
            packed: .init(
                path: "new.castore",
                summary: ArchiveSummary(
                    sources: [],
                    digest: ContentHasher.hash(nothing.span),
                    totals: ArchiveTotals()
                )
            )
        )
        figures.programLog = try directory.log(lines)
        return figures
    }

    private func text(_ figures: JobFigures) -> String {
        SummaryPage(figures: figures, top: 25).lines.joined(separator: "\n") + "\n"
    }

    private func json(_ figures: JobFigures) -> String {
        SummaryDocument(figures: figures, time: .zero).json.text
    }

    @Test("states hits by place with their rate, misses, what was stored and decoded, and the time")
    func whole() throws {
        let figures = try figures([Self.report.jsonLine])
        let start =
            "`cachectl prog` served 1 go command, which made **4 entries** (12.3 kB). Of 991 entries that Go "
            + "asked for, **625** were hits"
        #expect(
            text(figures).contains(
                "\n\(start) (63%: 3 stood in GOCACHE, 622 came from archives), **366** misses; "
                    + "most of these are for the words of compilers that printed none. It "
                    + "decoded 184.0 MB; its answers took 0.81 s in all.\n"
            )
        )
        let expected = """
            "program":{"commands":1,"gets":991,"hits":{"archive":622,"gocache":3},"misses":366,"puts":4,\
            "decoded_bytes":184000000,"put_bytes":12345,"answer_milliseconds":813,"milliseconds":2410,\
            "errors":0,"skipped_lines":0,"is_too_long":false},"program_log_errors":[]
            """
        #expect(json(figures).contains(expected), "\(json(figures))")
    }

    @Test("adds up go commands, and says what failed, what can't be read, and hits of unknown places")
    func many() throws {
        var other = Self.report
        (other.gets, other.misses, other.puts, other.putBytes, other.errors) = (9, 0, 0, 0, 2)
        other.hits = [.init(rawValue: "a|<b>"): 7]
        let figures = try figures([Self.report.jsonLine, "torn", "{}", other.jsonLine])
        let page = text(figures)
        #expect(
            page.contains(
                "`cachectl prog` served 2 go commands, which made **4 entries** (12.3 kB). Of 1,000 "
            ),
            "\(page)"
        )
        #expect(page.contains("**632** were hits (63%: 3 stood in GOCACHE, 622 came from archives, "))
        #expect(page.contains("7 came from `a|<b>`), **366** misses; most"), "\(page)")
        let end =
            " 2 requests failed. 2 lines of the log can't be read, and what they tell is not counted.\n"
        #expect(page.contains(end), "\(page)")
        #expect(json(figures).contains(#""hits":{"archive":622,"a|<b>":7,"gocache":3}"#))
        #expect(json(figures).contains(#""errors":2,"skipped_lines":2"#))
    }

    @Test("of commands without a request, or of none, states no rate")
    func none() throws {
        let idle = try figures([CacheProgram.Report(startTime: 1).jsonLine])
        #expect(
            text(idle).contains(
                "served 1 go command, which made **0 entries**. No entry was asked for. It decoded 0 B"
            )
        )
        let misses = try figures([
            {
                var report = Self.report; report.hits = [:]; return report.jsonLine
            }()
        ])
        #expect(text(misses).contains("**0** were hits (0%), **366** misses"))
        let empty = try figures([])
        #expect(text(empty).contains("\nThe log of `cachectl prog` has no go command.\n"))
        #expect(json(empty).contains(#""program":{"commands":0,"gets":0,"hits":{"archive":0,"gocache":0},"#))
    }

    @Test("is nothing without a log, and the reason where none can be read")
    func missing() throws {
        var figures = try figures([])
        figures.programLog = nil
        #expect(!text(figures).contains("prog"))
        #expect(json(figures).contains(#""program":null,"program_log_errors":[]"#))
        figures.programLogErrors = [CacheStoreError(.notFound, "cannot open", path: "/a|b")]
        #expect(
            text(figures).contains("\nCannot open: `/a|b`, so what `cachectl prog` served is not told.\n")
        )
        #expect(json(figures).contains(#""program":null,"program_log_errors":["notFound"]"#))
    }
}

/// A directory for a log, which is removed at the end.
private final class TemporaryLog: Sendable {
    private let path: String

    init() throws { path = FileManager.default.temporaryDirectory.path + "/\(UUID().uuidString)" }

    /// Writes a log, and reads it.
    func log(_ lines: [String]) throws -> ProgramLog {
        try Data(lines.map { "\($0)\n" }.joined().utf8).write(to: URL(filePath: path))
        var log = ProgramLog()
        try log.read(FilePath(path))
        return log
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
