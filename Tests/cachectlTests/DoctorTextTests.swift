import SystemPackage
import Testing

@testable import CacheStore
@testable import cachectl

@Suite("The doctor's text for people")
struct DoctorTextTests {
    private func report(
        _ prediction: Doctor.Report.Prediction,
        sources: [String: Doctor.Report.Prediction] = [:],
        missing: [Doctor.Report.MissingPackage]? = nil,
        findings: [Finding] = []
    ) -> Doctor.Report {
        let packages = missing.map {
            Doctor.Report.Packages(
                directory: "/src",
                patterns: ["./..."],
                total: 76,
                missing: $0,
                compiles: $0.count(where: \.isCertain)...$0.count
            )
        }
        return Doctor.Report(
            digest: ContentHasher().finish(),
            environment: GoEnvironment(),
            prediction: prediction,
            sources: sources,
            packages: packages,
            findings: findings
        )
    }

    @Test(
        "begins with the verdict",
        arguments: [
            (.hits, "builds here will hit"), (.someMiss, "builds here will hit in part"),
            (.unknown, "it can't be told whether builds here will hit"),
            (.nothingHits, "builds here will not hit: everything will be compiled again"),
        ] as [(Doctor.Report.Prediction, String)]
    )
    func verdict(prediction: Doctor.Report.Prediction, words: String) {
        #expect(DoctorText.lines(report(prediction), archive: "a\nb") == ["`a\\u{a}b`: \(words)"])
    }

    @Test("tells sources apart where they fare differently")
    func sources() {
        let report = report(.someMiss, sources: ["b": .nothingHits, "a": .hits])
        #expect(
            DoctorText.lines(report, archive: "x").dropFirst() == [
                "", "source  as its settings say", "a       will hit", "b       nothing will hit",
            ]
        )
    }

    @Test("gives each finding the values of both sides, the loss and what mends it")
    func finding() {
        let finding = Finding(
            code: .goVersion,
            setting: "GOVERSION",
            recorded: [
                Finding.Recorded(value: "go1.24.9", sources: ["a", "b"]),
                Finding.Recorded(value: "", sources: ["c"]),
            ],
            here: "",
            severity: .nothingHits,
            loss: "all is lost",
            mend: ""
        )
        #expect(
            DoctorText.lines(report(.nothingHits, findings: [finding]), archive: "x").dropFirst(2) == [
                "GOVERSION: nothing hits", "  jobs go1.24.9 (a, b)", "  jobs (c)", "  here not set",
                "  loss all is lost",
            ]
        )
    }

    @Test("names ten packages at most, first those that miss on their own account")
    func packages() {
        let certain = Doctor.Report.MissingPackage(importPath: "z", module: "", isCertain: true)
        let others = (0..<12).map {
            Doctor.Report.MissingPackage(importPath: "p\($0)", module: "", isCertain: false, dependsOn: "z")
        }
        let finding = Finding(
            code: .missingPackages,
            setting: "packages",
            recorded: [],
            here: nil,
            severity: .someMiss,
            loss: "",
            mend: "do this"
        )
        let lines = DoctorText.lines(
            report(.someMiss, missing: others + [certain], findings: [finding]),
            archive: "x"
        )
        #expect(lines.count == 3 + 1 + 10 + 2)
        #expect(lines[0].hasSuffix("these packages will hit in part"))
        #expect(lines[2] == "in `/src` 76 packages, of which 1 to 13 will be compiled")
        #expect(lines[4] == "  z        no job built it like this")
        #expect(lines[5] == "  p0       it depends on z")
        #expect(lines.suffix(2) == ["  and 3 more; `--json` lists all of them", "  mend: do this"])
        #expect(
            DoctorText.lines(report(.hits, missing: []), archive: "x").last
                == "in `/src` 76 packages, of which none will be compiled"
        )
    }

    /// The finding that the checkout lies elsewhere than in the jobs.
    private let moved = Finding(
        code: .checkoutPath,
        setting: "checkout path",
        recorded: [Finding.Recorded(value: "/build", sources: ["a"])],
        here: "/src",
        severity: .someMiss,
        loss: "packages hit only where the job built them",
        mend: "check out at `/build` here"
    )

    @Test("says the one cause first and once, and does not advise to build what a job has built")
    func cause() {
        let missing = ["p", "q"].map {
            Doctor.Report.MissingPackage(
                importPath: $0,
                module: "",
                isCertain: true,
                setting: "checkout path"
            )
        }
        var packages = moved
        (packages.code, packages.mend) = (.missingPackages, "build these packages in a job")
        let lines = DoctorText.lines(
            report(.someMiss, missing: missing, findings: [moved, packages]),
            archive: "x",
            width: 100
        )
        #expect(
            lines.dropFirst() == [
                "", "checkout path: some miss", "  jobs /build (a)", "  here /src",
                "  loss packages hit only where the job built them", "  mend check out at `/build` here", "",
                "in `/src` 76 packages, of which 2 will be compiled, because of checkout path", "  missing",
                "  p", "  q",
            ]
        )
    }

    @Test("puts what Go has proved before what the settings of other sources say")
    func proved() {
        let lines = DoctorText.lines(report(.hits, missing: [], findings: [moved]), archive: "x", width: 100)
        #expect(lines[2] == "in `/src` 76 packages, of which none will be compiled")
        #expect(lines[4] == "checkout path: some miss")
    }

    @Test("fits the page, with import paths of 125 characters", arguments: [60, 80, 120])
    func fits(width: Int) {
        let path = "example.com/" + String(repeating: "provider/", count: 12) + "net"
        let missing = (0..<3).map {
            Doctor.Report.MissingPackage(
                importPath: "\(path)\($0)",
                module: "",
                isCertain: $0 == 0,
                dependsOn: $0 == 0 ? nil : "\(path)0"
            )
        }
        let lines = DoctorText.lines(
            report(.someMiss, missing: missing, findings: [moved]),
            archive: "x",
            width: width
        )
        #expect(lines.allSatisfy { $0.columns <= width }, "\(lines)")
        #expect(lines.contains { $0.contains("…") })
    }
}
