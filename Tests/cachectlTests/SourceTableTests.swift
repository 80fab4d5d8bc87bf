import Testing

@testable import CacheStore
@testable import cachectl

@Suite("The table of sources")
struct SourceTableTests {
    private func source(_ label: String, _ headers: (Int, String)...) throws -> Source {
        var environment = GoEnvironment(variables: [
            "GOVERSION": "go1.25.5", "GOOS": "linux", "GOARCH": "amd64", "GOMODCACHE": "/go/pkg/mod",
        ])
        if !headers.isEmpty {
            environment.origins = try headers.map {
                try #require(PackageOrigin(header: "go object \($1)", packages: $0))
            }
        }
        return Source(label: label, environment: environment, digest: ContentHasher().finish())
    }

    @Test("shows the toolchains and targets that compiled the packages, or what was recorded")
    func origins() throws {
        let table = Table.environments([
            try source("old"), try source("one", (30, "linux amd64 go1.27.3 GOAMD64=v1 X:a")),
            try source(
                "two",
                (1200, "linux arm64 go1.25.5 GOARM64=v8.0 X:a"),
                (27, "linux amd64 go1.25.5 GOAMD64=v3 X:a"),
                (9, "linux amd64 go1.25.5 GOAMD64=v3 X:a,jsonv2")
            ),
        ])
        #expect(
            table.lines(fitting: 100) == [
                "source  Go        target                         packages  GOMODCACHE",
                "old     go1.25.5  linux/amd64                              /go/pkg/mod",
                "one     go1.27.3  linux/amd64                          30  /go/pkg/mod",
                "two     go1.25.5  linux/arm64                       1,200  /go/pkg/mod",
                "        go1.25.5  linux/amd64 GOAMD64=v3               27",
                "        go1.25.5  linux/amd64 GOAMD64=v3 jsonv2         9",
            ]
        )
    }

    @Test("keeps the JSON whole, with the origins of each source")
    func json() throws {
        let text = JSONValue.source(try source("a", (30, "linux arm go1.27.3 GOARM=7,hardfloat X:a,b"))).text
        #expect(
            text.hasSuffix(
                #""origins":[{"go_version":"go1.27.3","goos":"linux","goarch":"arm","#
                    + #""level":"GOARM=7,hardfloat","experiments":["a","b"],"packages":30}]}"#
            )
        )
        #expect(JSONValue.source(try source("a")).text.hasSuffix(#""origins":[]}"#))
    }

    @Test("and those of explain and diff fit the page", arguments: [60, 80, 120])
    func reports(width: Int) {
        let path = "example.com/" + String(repeating: "provider/", count: 12) + "networks"
        let labels = [String(repeating: "a", count: 64), String(repeating: "b", count: 64)]
        let package = Explain.Report.Package(
            importPath: path,
            module: path,
            variants: 1234,
            contentBytes: 123_456_789,
            storedBytes: 99_999_999,
            sources: labels
        )
        let version = Explain.Report.Module.Version(
            version: "v0.0.0-20240101000000-0123456789ab",
            contentBytes: 123_456_789,
            storedBytes: 99_999_999,
            sources: labels
        )
        let module = Explain.Report.Module(path: path, versions: [version, version], packages: 1234)
        let tally = ArchiveTotals.Tally(
            members: 123_456,
            files: 123_456,
            contentBytes: 1 << 40,
            storedBytes: 1
        )
        var totals = ArchiveTotals(of: MemberSet(), fileBytes: 1)
        totals.bySource = [labels[0]: tally, labels[1]: tally, "c": tally]
        let explanation = Explain.Report(
            packages: [package],
            modules: [module],
            totals: totals,
            unknownPackages: 0
        )
        var changed = Diff.Report.Module(path: path)
        (changed.removedVersions, changed.addedVersions) = ([version], [version])
        let amount = Diff.Report.Amount(count: 1234, contentBytes: 123_456_789, storedBytes: 99_999_999)
        let comparison = Diff.Report(
            removed: [.output: tally],
            added: [.output: tally],
            modules: [changed],
            packages: [Diff.Report.Package(importPath: path, module: path, removed: amount, added: amount)],
            unknownPackages: 0,
            firstFileBytes: 1,
            secondFileBytes: 1
        )
        let tables =
            ExplanationView(explanation: explanation, top: 9).sections.map(\.table)
            + ComparisonView(comparison: comparison, top: 9).sections.map(\.table) + [Table.sources(totals)]
        for line in tables.flatMap({ $0.lines(fitting: width) }) { #expect(line.columns <= width, "\(line)") }
    }
}
