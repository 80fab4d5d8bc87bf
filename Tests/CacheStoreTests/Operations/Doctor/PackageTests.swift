import Testing

@testable import CacheStore

@Suite("The Go command's output about packages")
struct PackageCommandTests {
    @Test("of `go build -n` gives the packages to compile, in its order, under their import paths")
    func dryRun() {
        let output = """

            #
            # example.com/lib
            #

            mkdir -p $WORK/b002/
            cat >$WORK/b002/importcfg << 'EOF' # internal
            # import config
            packagefile compile -o $WORK=/c/00/1-d
            EOF
            cd /m/example.com/lib@v1.0.0
            /go/pkg/tool/linux_amd64/compile -o $WORK/b002/_pkg_.a \
            -trimpath "$WORK/b002=>" -p example.com/lib lib.go
            #
            # only/vetted
            #
            echo nothing is compiled
            #
            # example.com/app
            #
            GOAMD64='v3' "/a dir/compile" -o $WORK/b001/_pkg_.a -p main main.go
            cd . ; /go/pkg/tool/linux_amd64/link -o $WORK/b001/exe/a.out
            """
        #expect(PackageCommand.compiled(Array(output.utf8)) == ["example.com/lib", "example.com/app"])
        #expect(PackageCommand.compiled([]) == [])
    }

    @Test("of `go list` gives each package with its module, its error and its dependencies")
    func list() {
        let (field, item) = ("\u{1F}", "\u{1E}")
        let lines = [
            ["fmt", "fmt", "", "0", "", "", ["errors", "io"].joined(separator: item)],
            ["net", "net", "", "3", "", "", ""],
            ["x.org/lib", "", "x.org/lib@v1.0.0", "0", "/m/lib", #""no \"such\"\n\tmodule \\""#, ""],
            ["not a package"],
        ].map { $0.joined(separator: field) }
        let packages = PackageCommand.listed(lines.joined(separator: "\n"))
        #expect(packages.map(\.importPath) == ["fmt", "net", "x.org/lib"])
        #expect(packages.map(\.dependencies) == [["errors", "io"], [], []])
        #expect(packages.map(\.usesCgo) == [false, true, false])
        #expect(packages.map(\.directory) == ["", "", "/m/lib"])
        #expect(packages.last?.module == "x.org/lib@v1.0.0")
        #expect(packages.last?.error == #"no "such"  module \"#)
    }
}

@Suite("The modules of which Go complains")
struct ComplaintTests {
    @Test("are those that it would download, and those that it names at a version")
    func modules() {
        let text = """
            go: downloading example.com/a v1.0.0
            main.go:2:8: module lookup disabled by GOPROXY=off
            go: example.com/Upper/b@v0.0.0-20240101000000-0123456789ab: module lookup disabled by GOPROXY=off
            me@home: v1
            ../mod/example.com/c@v1.2.3/c.go:3:8: example.com/d@v0.1.0: module lookup disabled by GOPROXY=off
            /mod/example.com/!upper/e@v1.0.0/sub/e.go:10:2: no required module provides package x
            m.go@v1.go:4:5: no such thing
            """
        #expect(
            PackageCommand.modules(in: text) == [
                "example.com/a@v1.0.0", "example.com/Upper/b@v0.0.0-20240101000000-0123456789ab",
                "example.com/d@v0.1.0",
            ]
        )
    }
}

@Suite("The complaint about packages that do not compile")
struct CompilerWordsTests {
    @Test("has what the compilers say about each package, and at most eight lines of that")
    func lines() {
        let text = """
            # example.com/a
            a/a.go:3:9: undefined: x
            \ta note
            # runtime/cgo
            cgo: C compiler "gcc" not found

            """
        #expect(
            PackageCommand.complaint(in: text)
                == "`example.com/a`: a/a.go:3:9: undefined: x; a note; "
                + "`runtime/cgo`: cgo: C compiler \"gcc\" not found"
        )
        let many = "# example.com/a\n" + (1...11).map { "line \($0)\n" }.joined()
        #expect(PackageCommand.complaint(in: many).hasSuffix("; line 8; and 3 more lines"))
        #expect(PackageCommand.complaint(in: "go: no packages\n") == "go: no packages")
        #expect(PackageCommand.complaint(in: "") == "")
    }
}

@Suite("The diagnosis of packages that miss")
struct PackageDiagnosisTests {
    private static let listed = [
        ("lib", "lib", "lib@v1", []), ("std", "std", "", []), ("user", "user", "", ["std"]),
        ("mine", "mine", "", ["lib", "std"]), ("app", "main", "", ["lib", "mine", "std", "user"]),
    ].map { path, name, module, dependencies in
        PackageCommand.Listed(
            importPath: path,
            name: name,
            module: module,
            usesCgo: path == "std",
            directory: "",
            error: "",
            dependencies: dependencies
        )
    }

    private func diagnose(_ order: String..., settings: [String] = [], sources: [String] = ["a"])
        -> [String]
    {
        let findings = Setting.all.filter { settings.contains($0.name) && $0.severity > .note }.map {
            Finding(
                code: $0.code,
                setting: $0.name,
                recorded: [Finding.Recorded(value: "x", sources: ["a"])],
                here: "y",
                severity: $0.severity,
                loss: "",
                mend: ""
            )
        }
        let report = Doctor.Report(
            digest: ContentHasher().finish(),
            environment: GoEnvironment(),
            prediction: .someMiss,
            sources: Dictionary(sources.map { ($0, .someMiss) }) { first, _ in first },
            packages: nil,
            findings: findings
        )
        return PackageDiagnosis(order, among: Self.listed, report).missing.map {
            "\($0.importPath) \($0.isCertain ? "certain" : "possible") "
                + "\($0.dependsOn ?? "-") \($0.setting ?? "-")"
        }
    }

    @Test("assumes that a package without a cause may compile to the same, so that its dependents may hit")
    func oneMissing() {
        #expect(
            diagnose("std", "user", "mine", "app") == [
                "std certain - -", "user possible std -", "mine possible std -", "app possible std -",
            ]
        )
    }

    @Test("knows that packages of modules compile to another result under another path")
    func moved() {
        #expect(
            diagnose("lib", "mine", "app", settings: ["GOMODCACHE"]) == [
                "lib certain - GOMODCACHE", "mine certain lib GOMODCACHE", "app certain lib GOMODCACHE",
            ]
        )
        // The other source may have the local path.
        #expect(
            diagnose("lib", "mine", settings: ["GOMODCACHE"], sources: ["a", "b"]) == [
                "lib certain - GOMODCACHE", "mine possible lib GOMODCACHE",
            ]
        )
    }

    @Test("blames the setting that concerns all packages, those with cgo or the main ones")
    func scopes() {
        #expect(
            diagnose("std", "user", settings: ["GOVERSION"]) == [
                "std certain - GOVERSION", "user certain std GOVERSION",
            ]
        )
        #expect(diagnose("std", "user", settings: ["CC"]) == ["std certain - CC", "user possible std CC"])
        #expect(diagnose("app", settings: ["GOFLAGS -ldflags"]) == ["app certain - GOFLAGS -ldflags"])
        #expect(diagnose("mine", settings: ["GOFLAGS -ldflags", "CC"]) == ["mine certain - -"])
        #expect(diagnose("elsewhere") == ["elsewhere certain - -"])
    }
}
