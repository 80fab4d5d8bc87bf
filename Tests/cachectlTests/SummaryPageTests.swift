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
            "bytes_written":4000000000,"warnings":[{"code":"x","message":"a `b|c` | <d>"}],\(changes)\
            "milliseconds":8000}
            """
        let path = FilePath(FileManager.default.temporaryDirectory.path).appending(
            "\(UUID().uuidString).json"
        )
        try Data(json.utf8).write(to: URL(filePath: path.string))
        defer { try? FileManager.default.removeItem(atPath: path.string) }
        return try #require(try RestoreRecord.read(path.string))
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

    @Test("counts hits and misses by a log, and says what a log without compilations may mean")
    func log() {
        var figures = figures(packages: ["a/b", "fmt", "os", "main (/src)"])
        var log = BuildLog()
        for line in ["a/b", "zzz", "ok  \ta/b\t0.1s"] { log.add(Array(line.utf8)[...]) }
        figures.log = log
        #expect(figures.compiled == ["a/b"] && figures.hits == 2)
        let page = text(figures)
        #expect(
            page.contains(
                "Of 3 packages, the job compiled **1** (misses), and **2** came from the cache (hits, 66%). "
                    + "Tests ran in 1 package; the results of 0 came from the cache."
            )
        )
        #expect(page.contains("<details><summary>Compiled packages: 1</summary>\n\n- `a/b`\n\n</details>"))
        figures.log = BuildLog()
        #expect(text(figures).contains("all 3 packages came from the cache, if the log is of `go build -v`"))
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
        figures.restored = .record(try record(#""nothing_hits":true,"#, digest: "other"))
        let useless = text(figures)
        #expect(useless.contains("**Nothing in it could hit**") && !useless.contains("of what it brought"))
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
        for number in 0..<100_000 {
            log.add(Array("x/\(number)\(String(repeating: "y", count: 900))".utf8)[...])
        }
        figures.log = log
        let page = text(figures, top: SummaryPage.rowLimit)
        #expect(page.utf8.count < 1 << 20)
        #expect(page.contains("\nAnd 4,800 more; `cachectl diff` lists all of them.\n"))
        let alone = JobFigures(packed: figures.packed)
        #expect(text(alone, top: SummaryPage.rowLimit).utf8.count < 1 << 20)
    }
}
