import CacheStore
import FoundationEssentials
import SystemPackage
import Testing

@testable import CacheStore
@testable import cachectl

@Suite("The summary of a job")
struct SummaryPageTests {
    private typealias Module = Explain.Report.Module

    private func totals(_ fileBytes: Int, stored: Int = 0) -> ArchiveTotals {
        var totals = ArchiveTotals()
        totals.fileBytes = fileBytes
        totals.all.storedBytes = stored
        return totals
    }

    private func summary(_ totals: ArchiveTotals, _ version: String, digest: String = "new") -> ArchiveSummary
    {
        let environment = GoEnvironment(variables: ["GOVERSION": version])
        let id = ContentHasher.hash(Array(digest.utf8).span)
        return ArchiveSummary(
            sources: [Source(label: "job", environment: environment, digest: id)],
            digest: id,
            totals: totals
        )
    }

    /// Returns the figures of a job without a base.
    private func figures(_ fileBytes: Int = 90_000_000, packages: [String] = []) -> JobFigures {
        let totals = totals(fileBytes)
        let report = Explain.Report(
            packages: packages.map { Explain.Report.Package(importPath: $0, module: "m") },
            modules: [Module(path: "m"), Module(path: "")],
            totals: totals,
            unknownPackages: 0
        )
        return JobFigures(
            packed: JobFigures.Packed(
                path: "new.castore",
                summary: summary(totals, "go1.25.5"),
                explanation: report
            )
        )
    }

    private func version(_ name: String, _ stored: Int) -> Module.Version {
        Module.Version(version: name, contentBytes: 0, storedBytes: stored, sources: [])
    }

    /// Returns the differences from a base of which modules grew and shrank.
    private func base(_ fileBytes: Int, modules: [Diff.Report.Module], version: String = "go1.25.5")
        -> JobFigures.Base
    {
        let report = Diff.Report(
            removed: [.tree: ArchiveTotals.Tally(members: 1, files: 1, contentBytes: 9, storedBytes: 25)],
            added: [:],
            modules: modules,
            packages: [],
            unknownPackages: 0,
            firstFileBytes: fileBytes,
            secondFileBytes: 0
        )
        return JobFigures.Base(
            path: "old.castore",
            summary: summary(totals(fileBytes, stored: 100), version, digest: "old"),
            comparison: report
        )
    }

    private func record(_ changes: String = "", digest: String = "old") throws -> RestoreRecord {
        let tally = #"{"created":10,"replaced":0,"untouched":2}"#
        let id = ContentHasher.hash(Array(digest.utf8).span)
        let json = """
            {"schema":"cachectl.restore/1","archive":"old.castore","archive_digest":"\(id)",\
            "actions":\(tally),"outputs":\(tally),"tree_files":\(tally),"downloads":\(tally),\
            "bytes_written":4000000000,"warnings":[{"code":"x","message":"a `b|c` | <d>"}]\
            \(changes.isEmpty ? "" : ",\(changes)")\
            \(changes.contains("milliseconds") ? "" : #","milliseconds":8000"#)}
            """
        let path = FilePath(FileManager.default.temporaryDirectory.path).appending(
            "\(UUID().uuidString).json"
        )
        try Data(json.utf8).write(to: URL(filePath: path.string))
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        return try #require(try RestoreRecord.read(path.string))
    }

    /// Returns the record of a restore with a figure that can't be.
    private func impossible(_ figure: String) -> String {
        let tally = #"{"created":\#(figure),"replaced":0,"untouched":2}"#
        return """
            {"schema":"cachectl.restore/1","archive":"a","archive_digest":"b","actions":\(tally),\
            "outputs":\(tally),"tree_files":\(tally),"downloads":\(tally),"bytes_written":1,"warnings":[],\
            "milliseconds":1}
            """
    }

    private func text(_ figures: JobFigures, top: Int = 25) -> String {
        SummaryPage(figures: figures, top: top).lines.joined(separator: "\n")
    }

    @Test("without a base states the size, and the largest modules and packages")
    func alone() {
        let page = text(figures(packages: ["example.com/a|b", "fmt"]))
        #expect(
            page.hasPrefix("### Go caches: 90.0 MB\n\n|  | now |\n| :-- | --: |\n| archive | 90.0 MB |\n")
        )
        #expect(page.contains("| Go | `go1.25.5` |\n"))
        #expect(
            page.contains(
                "<details><summary>Largest modules: 2</summary>\n\n| module | packages | stored |\n"
            )
        )
        #expect(page.contains("| programs, and packages of no module here | 0 | 0 B |"))
        #expect(page.contains(#"| `example.com/a\|b` | 0 | 0 B |"#))
    }

    @Test("with a base states the change, and the module that grew most with its versions")
    func growth() {
        var (grown, shrunk) = (Diff.Report.Module(path: "example.com/sdk"), Diff.Report.Module(path: "gone"))
        (grown.removedVersions, grown.addedVersions) = ([version("v1.0.0", 10)], [version("v1.1.0", 3010)])
        shrunk.removedVersions = [version("v2.0.0", 99_000)]
        var figures = figures(110_000_000)
        figures.base = base(100_000_000, modules: [shrunk, grown])
        let page = text(figures)
        #expect(page.hasPrefix("### Go caches: 110.0 MB (+10.0 MB, +10%)\n"))
        #expect(page.contains("| archive | 100.0 MB | 110.0 MB | +10.0 MB |\n"))
        #expect(page.contains("\nLargest growth: `example.com/sdk`, +3.00 kB, `v1.0.0 → v1.1.0`.\n"))
        #expect(page.contains("| `gone` | `−v2.0.0` | −0 +0 | 99.0 kB | 0 B |\n"))

        figures.base = base(120_000_000, modules: [shrunk], version: "go1.24.0")
        let smaller = text(figures)
        #expect(smaller.hasPrefix("### Go caches: 110.0 MB (−10.0 MB, −8%)\n"))
        #expect(smaller.contains("\nNo module grew.\n"))
        #expect(smaller.contains("| Go | `go1.24.0` | `go1.25.5` | changed: nothing hits across it |\n"))
    }

    @Test("says by how much the archive is over its budget, and nothing of the kind within it")
    func budget() {
        var figures = figures()
        figures.budget = 90_000_000
        #expect(figures.excess == nil)
        #expect(text(figures).contains("\nWithin the budget: 100% of 90.0 MB.\n"))
        figures.budget = 89_000_000
        #expect(figures.excess == 1_000_000)
        #expect(
            text(figures).contains("> **Over budget:** `new.castore` is 1.00 MB over 89.0 MB.\n> Pack only ")
        )
    }

    /// Returns the figures of a job with a log of these lines.
    private func logged(_ lines: String...) -> JobFigures {
        var figures = figures(packages: ["a/b", "fmt", "os", "main (/src)"])
        var log = BuildLog()
        for line in lines { log.add(Array(line.utf8)[...]) }
        figures.log = log
        return figures
    }

    private static let start = "WORK=/tmp/go-build1"
    private static let compilation = "/go/compile -o $WORK/b002/_pkg_.a -p a/b x.go"
    private static let program = "/go/compile -o $WORK/b001/_pkg_.a -p main x.go"
    private static let link = [
        "cat >/w/importcfg.link << 'EOF' #", "packagefile a/tool=/w/b001/_pkg_.a", "EOF",
    ]

    @Test("counts hits and misses by a log of commands, and names the packages that it only mentions")
    func log() {
        var figures = logged(Self.start, Self.compilation, "zzz", "ok  \ta/b\t0.1s")
        #expect(figures.compiled == ["a/b"] && figures.hits == 2)
        let page = text(figures)
        #expect(
            page.contains(
                "Of 3 packages, the go commands in the log compiled **1** (misses); if the log is whole, "
                    + "**2** were in the cache already (hits, 66%). "
                    + "Tests ran in 1 package; the results of 0 came from the cache."
            )
        )
        #expect(page.contains("<details><summary>Compiled packages: 1</summary>\n\n- `a/b`\n\n</details>"))

        figures = logged(Self.start, Self.compilation, "fmt", "a/b")
        #expect(figures.compiled == ["a/b"] && figures.hits == 1 && figures.mentioned == ["fmt"])
        #expect(text(figures).contains(" (hits, 33%). The log only names 1; `go build -v` names those"))
        #expect(text(figures).contains("<summary>Packages that the log only names: 1</summary>\n\n- `fmt`\n"))
    }

    @Test("names a program that alone was compiled, and says that no package was")
    func program() {
        var figures = logged(Self.start, Self.program)
        #expect(figures.programsCompiled == 0, "a program is counted when its command ends")
        for line in Self.link { figures.log?.add(Array(line.utf8)[...]) }
        #expect(figures.programsCompiled == 1 && figures.hits == 3)
        #expect(
            text(figures).contains(
                "The go commands in the log compiled the program `a/tool`, and no package: if the log is "
                    + "whole, all 3 packages were in the cache already (hits, 100%).\n"
            )
        )
    }

    @Test("claims all hits only for a log that is whole, and doubts one with the first line alone")
    func warm() {
        let warm = text(logged(Self.start, "mkdir -p $WORK/b001/"))
        let all = "No compile is in the log: if the log is whole, all 3 packages were in the cache already"
        #expect(warm.contains("\(all) (hits, 100%).\n"))
        let alone = text(logged(Self.start))
        #expect(alone.contains("\(all) (hits, 100%), unless they ran with `-work` and without `-x`.\n"))
    }

    /// Writes a log, and returns the figures of a job with it.
    private func read(_ text: String) throws -> JobFigures {
        let path = FilePath(FileManager.default.temporaryDirectory.path).appending("\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        try Data(text.utf8).write(to: URL(filePath: path.string))
        var figures = figures(packages: ["a/b", "fmt", "os"])
        var log = BuildLog()
        try log.read(path)
        figures.log = log
        return figures
    }

    @Test("states the misses of a log that was cut off within a compilation, and no hits")
    func cut() throws {
        let figures = try read("\(Self.start)\n\(Self.compilation)\n")
        #expect(figures.compiled == ["a/b"] && figures.hits == nil)
        let page = text(figures)
        #expect(page.contains("compiled at least 1 package (misses). But the log was cut off, so it does "))
        #expect(!page.contains("hits,"))
    }

    @Test("says where the hits of a job come from that restored nothing, and only then")
    func cold() {
        var figures = logged(Self.start, "mkdir -p $WORK/b001/")
        let sentence = " Nothing was restored, so other commands had filled the cache before."
        #expect(!text(figures).contains(sentence))
        figures.restored = .nothing
        #expect(text(figures).contains("(hits, 100%).\(sentence)\n"))
        figures = logged(Self.start, Self.compilation)
        figures.restored = .nothing
        #expect(text(figures).contains(sentence))
    }

    @Test("says which log could not be read, and tells no hits, but the misses of the others")
    func unread() {
        var figures = figures(packages: ["a/b", "fmt"])
        figures.logErrors = [CacheStoreError(.notFound, "cannot open", path: "/x.log")]
        #expect(text(figures).contains("\nCannot open: `/x.log`, so hits are not told.\n"))
        figures = logged(Self.start, Self.compilation)
        figures.logErrors = [CacheStoreError(.notFound, "cannot open", path: "/x.log")]
        #expect(figures.hits == nil)
        #expect(text(figures).contains("compiled at least 1 package (misses).\n"))
    }

    @Test(
        "does not tell hits and misses by a log that proves none",
        arguments: [
            ([], "The log does not tell which packages were compiled."),
            (["\u{FFFD}\u{1}", "hello world"], "The log does not tell which packages were compiled."),
            ([Self.compilation], "The log does not tell which packages were compiled."),
            (["fmt", "os"], "The log names 2 packages, which does not prove that they were compiled: "),
        ]
    )
    func inconclusive(lines: [String], sentence: String) {
        var figures = figures(packages: ["a/b", "fmt", "os"])
        figures.log = BuildLog()
        for line in lines { figures.log?.add(Array(line.utf8)[...]) }
        #expect(figures.compiled == nil && figures.hits == nil && figures.programsCompiled == nil)
        let page = text(figures)
        #expect(page.contains(sentence))
        #expect(page.contains(" Run the job's go commands with `-x`, and log all that they print."))
        #expect(!page.contains("hits,") && !page.contains("Compiled packages"))
    }

    @Test("names a single program that grew, and states a change below one percent without a zero")
    func small() {
        var figures = figures(100_000_000)
        var programs = Diff.Report.Module(path: "")
        programs.addedPackages = Diff.Report.Amount(count: 1, contentBytes: 9, storedBytes: 1190)
        var base = base(100_094_200, modules: [programs])
        base.comparison.packages = [Diff.Report.Package(importPath: "main (/src)", module: "")]
        figures.base = base
        let page = text(figures)
        #expect(page.hasPrefix("### Go caches: 100.0 MB (−94.2 kB, under 1%)\n"))
        #expect(page.contains("\nLargest growth: `main (/src)`, +1.19 kB.\n"))
        #expect(page.contains("\n| `main (/src)` |  | −0 +1 | 0 B | 1.19 kB |\n"))
        base.summary = summary(totals(100_000_000), "go1.25.5", digest: "old")
        base.comparison.packages += [Diff.Report.Package(importPath: "main (/other)", module: "")]
        figures.base = base
        #expect(text(figures).hasPrefix("### Go caches: 100.0 MB, as long as before\n"))
        #expect(text(figures).contains("\nLargest growth: 2 programs, +1.19 kB.\n"))
        base.summary = summary(totals(1), "go1.25.5", digest: "old")
        figures.base = base
        #expect(text(figures).hasPrefix("### Go caches: 100.0 MB (+100.0 MB)\n"), "no percentage of nothing")
    }

    @Test("says why nothing is compared where the base is absent or can't be read")
    func missing() {
        var figures = figures()
        figures.missingBase = .init(path: "old", error: CacheStoreError(.notFound, "cannot open"))
        #expect(text(figures).contains("\nThere is no earlier archive `old` to compare with.\n"))
        let error = CacheStoreError(.notAnArchive, "not an archive", path: "old")
        figures.missingBase = .init(path: "old", error: error)
        #expect(text(figures).contains("\nNot an archive: `old`, so nothing is compared with it.\n"))
        #expect(!text(figures).contains("change"))
    }

    @Test("says what the restore brought, how much of it is still in use, and its warnings")
    func restore() throws {
        var figures = figures()
        figures.base = base(100, modules: [])
        figures.restored = .record(try record())
        let page = text(figures)
        #expect(
            page.contains(
                "The restore of `old.castore` took 8 s: it wrote 4.00 GB in 40 files (500.0 MB/s), and 8 "
                    + "were there already. 75% of what it brought is in the new archive.\n"
            )
        )
        #expect(page.contains("Warnings of the restore:\n\n- a `b|c` \\| \\<d\\>"))
        figures.restored = .record(try record(#""nothing_hits":true"#, digest: "other"))
        let useless = text(figures)
        #expect(useless.contains("**Nothing in it could hit**") && !useless.contains("of what it brought"))
        figures.restored = .record(try record(#""milliseconds":-5000"#))
        #expect(text(figures).contains("The restore of `old.castore` wrote 4.00 GB in 40 files, and 8 were"))
        figures.restored = .nothing
        #expect(text(figures).contains("No cache was restored: this was a cold build."))
    }

    @Test("is refused for a file that no restore has written, and cold for an empty one")
    func foreign() throws {
        let path = FilePath(FileManager.default.temporaryDirectory.path).appending("\(UUID().uuidString)")
            .string
        defer { try? FileManager.default.removeItem(atPath: path) }
        for (text, isCold) in [
            ("", true), (" \n", true), ("{}", false), (#"{"schema":"cachectl.pack/1"}"#, false),
            (impossible("-1"), false), (impossible("9223372036854775807"), false),
        ] {
            try Data(text.utf8).write(to: URL(filePath: path))
            if isCold {
                #expect(try RestoreRecord.read(path) == nil)
            } else {
                #expect(throws: AdvisedError.self) { try RestoreRecord.read(path) }
            }
        }
        #expect(throws: CacheStoreError.self) { try RestoreRecord.read("/nowhere") }
    }

    @Test(
        "is shorter than the 1 MiB that GitHub takes, whatever the archives hold, and says what is left out"
    )
    func limit() throws {
        let names = (0..<100_000).map { "\($0)" + String(repeating: "|`é", count: 400) }
        var figures = figures(packages: names)
        let modules = names.prefix(5000).map { name in
            var module = Diff.Report.Module(path: name)
            module.addedVersions = (0..<50).map { version("\(name)\($0)", 1) }
            return module
        }
        figures.base = base(1, modules: modules)
        var log = BuildLog()
        log.add(Array(Self.start.utf8)[...])
        for number in 0..<100_000 {
            log.add(Array("x/\(number)\(String(repeating: "y", count: 900))".utf8)[...])
        }
        figures.log = log
        let page = text(figures, top: SummaryPage.rowLimit)
        #expect(page.utf8.count < 1 << 20)
        #expect(page.contains("\nAnd 4,800 more; `cachectl diff --json` lists all of them.\n"))
        let alone = JobFigures(packed: figures.packed)
        #expect(text(alone, top: SummaryPage.rowLimit).utf8.count < 1 << 20)
    }
}
