import SystemPackage
import Testing

@testable import CacheStore

@Suite("The log of a program that serves GOCACHE")
struct ProgramLogTests {
    private typealias Report = CacheProgram.Report

    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func log(_ text: String, limit: Int = .max) throws -> ProgramLog {
        let path = directory.path.appending("log")
        try Files.write(Array(text.utf8), to: path)
        var log = ProgramLog()
        try log.read(path, limit: limit)
        return log
    }

    private static let line = """
        {"time":"2026-11-29T17:38:27Z","archives":["/caches/all.castore"],"gets":991,\
        "hits":{"gocache":3,"archive":622},"misses":366,"puts":4,"decodedBytes":184000000,"putBytes":12345,\
        "answerMilliseconds":812.5,"milliseconds":2410.0,"errors":0}
        """

    private static var report: Report {
        var report = Report(startTime: 1_795_973_907, archives: ["/caches/all.castore"])
        (report.gets, report.misses, report.puts) = (991, 366, 4)
        report.hits = [.buildCache: 3, .archive: 622]
        (report.decodedBytes, report.putBytes) = (184_000_000, 12_345)
        (report.answerTime, report.lifetime) = (.microseconds(812_500), .milliseconds(2410))
        return report
    }

    @Test("has lines of one form, which are read as they are written")
    func form() throws {
        #expect(Self.report.jsonLine == Self.line)
        let read = try #require(Report(jsonLine: Self.line))
        #expect(read == Self.report)
        #expect(read.allHits == 625)
    }

    @Test("gives back each report that was written", arguments: 0..<200 as Range<UInt64>)
    func roundTrip(seed: UInt64) throws {
        var source = SeededBytes(seed: seed)
        func number() -> Int {
            Int.random(in: 0...1 << Int.random(in: 0...53, using: &source), using: &source)
        }
        let names = ["/a b", "ü/\"x\"", "line\nfeed", "\u{1}", "/plain.castore", "\\"]
        let count = Int.random(in: 0..<4, using: &source)
        var report = Report(
            startTime: Int.random(in: 0...253_402_300_799, using: &source),
            archives: names.shuffled(using: &source).prefix(count).map { FilePath($0) }
        )
        (report.gets, report.misses, report.puts, report.errors) = (number(), number(), number(), number())
        (report.decodedBytes, report.putBytes) = (number(), number())
        for place in [.buildCache, .archive, .init(rawValue: "peer"), .init(rawValue: "\"")] as [Report.Place]
        where source.isOnce(in: 2) {
            report.hits[place] = 1 + number() / 2
        }
        report.answerTime = .microseconds(number() / 1000)
        report.lifetime = .microseconds(number() / 1000)
        let line = report.jsonLine
        #expect(!line.utf8.contains(UInt8(ascii: "\n")))
        #expect(Report(jsonLine: line) == report, "seed \(seed): \(line)")
    }

    @Test("may have keys and places that this version does not know, and other forms of a time")
    func tolerant() throws {
        let line = Self.line.replacing(#""errors":0"#, with: #""errors":0,"later":{"a":[1]},"gets2":null"#)
            .replacing(#""archive":622"#, with: #""archive":622,"peer":7,"none":0"#)
        var expected = Self.report
        expected.hits[Report.Place(rawValue: "peer")] = 7
        #expect(Report(jsonLine: line + "\r\n") == expected)
        for time in ["2026-11-29T18:38:27+01:00", "2026-11-29T17:38:27.987Z"] {
            let line = Self.line.replacing("2026-11-29T17:38:27Z", with: time)
            #expect(Report(jsonLine: line) == Self.report, "\(time)")
        }
        let whole = Self.line.replacing("2410.0", with: "2410")
        #expect(Report(jsonLine: whole) == Self.report)
    }

    @Test(
        "takes nothing else for a report",
        arguments: [
            ("\"gets\":991", "\"gets\":-1"), ("\"gets\":991", "\"gets\":1.5"),
            ("\"gets\":991", "\"gets\":\"1\""),
            ("\"gets\":991", "\"gets\":9007199254740993"), ("\"gets\":991", "\"gets\":99999999999999999999"),
            ("\"gets\":991,", ""), ("\"archive\":622", "\"archive\":-622"), ("812.5", "-0.5"),
            ("812.5", "1e400"),
            ("812.5", "null"), ("2410.0", "1e13"), ("2026-11-29", "yesterday"), ("2026-11-29", "1926-11-29"),
            ("{\"time\"", "[{\"time\""), ("\"errors\":0}", "\"errors\":0"),
            ("{\"gocache\":3", "{\"gocache\":[3]"),
        ]
    )
    func foreign(old: String, new: String) {
        #expect(Self.line.contains(old))
        #expect(Report(jsonLine: Self.line.replacing(old, with: new)) == nil)
    }

    @Test("adds up its commands, and counts lines that are none, wherever a write was torn")
    func torn() throws {
        let lines = "\(Self.line)\n\(Self.line)\n"
        for cut in stride(from: 1, to: Self.line.utf8.count, by: 7) {
            let part = String(Self.line.prefix(cut))
            // The next command writes behind the torn line.
            let log = try log("\(Self.line)\n\(part)\(lines)\(part)")
            #expect(log.commands == 2 && log.foreignLines == 2, "\(cut)")
            #expect(log.total?.gets == 2 * 991 && log.total?.allHits == 2 * 625)
        }
        #expect(try log(lines + Self.line).commands == 3, "a whole line without an end")
        #expect(try log(lines.replacing("\n", with: "\r\n")).commands == 2)
        let empty = try log("")
        #expect(empty.commands == 0 && empty.total == nil && empty.foreignLines == 0)
        let other = try log("hello\n\n{}\nnull\n\u{0}\u{FFFD}\n" + String(repeating: "x", count: 3 << 20))
        #expect(other.commands == 0 && other.foreignLines == 6)
    }

    @Test("has sums that never overflow, and the first start and all archives of its commands")
    func sums() throws {
        var total = Self.report
        total.gets = .max
        total.hits[.archive] = .max
        var other = Self.report
        (other.startTime, other.archives) = (5, ["/caches/all.castore", "/b"])
        other.hits = [.archive: 1]
        other.answerTime = .milliseconds(1 << 53)
        total.add(other)
        #expect(total.gets == .max && total.allHits == .max && total.misses == 2 * 366)
        #expect(total.hits == [.buildCache: 3, .archive: .max])
        #expect(total.startTime == 5 && total.archives == ["/caches/all.castore", "/b"])
        #expect(total.answerTime == .milliseconds(1 << 53) && total.lifetime == .milliseconds(4820))
    }

    @Test("that is longer than is read says so, and tells of what was read")
    func limit() throws {
        #expect(try !log(Self.line, limit: Self.line.utf8.count).isTooLong)
        let log = try log(Self.line, limit: Self.line.utf8.count - 1)
        #expect(log.isTooLong && log.commands == 0)
    }
}
