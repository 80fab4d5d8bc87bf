import Testing

@testable import CacheStore

@Suite("The place of a checkout")
struct MovedCheckoutTests {
    /// Returns a package that misses here.
    private func missing(_ path: String, at directory: String, name: String = "lib") -> PackageCommand.Listed
    {
        PackageCommand.Listed(
            importPath: path,
            name: name,
            module: "",
            usesCgo: false,
            directory: directory,
            error: "",
            dependencies: []
        )
    }

    /// Compares packages that miss with those that a job compiled, given as import paths and files.
    private func moved(_ packages: PackageCommand.Listed..., built: (String, String)...) -> MovedCheckout? {
        var sets = SourceSets()
        let sources = sets.number(of: [0])
        var places = BuiltPlaces(sets: sets, labels: ["job"])
        for (name, file) in built { places.add(CompiledPackage(importPath: name, file: file), sources) }
        return MovedCheckout(packages, places)
    }

    @Test("is told from the directories that compiled packages name")
    func told() throws {
        let found = try #require(
            moved(
                missing("x.org/m/a", at: "/src/m/a"),
                missing("x.org/m/b/c", at: "/src/m/b/c"),
                missing("x.org/m/cmd", at: "/src/m/cmd", name: "main"),
                built: ("x.org/m/a", "/build/m/a/a.go"),
                ("x.org/m/b/c", "/build/m/b/c/c.go"),
                ("main", "/build/m/cmd/main.go")
            )
        )
        #expect(found.here == "/src")
        #expect(found.recorded == [Finding.Recorded(value: "/build", sources: ["job"])])
        #expect(found.packages == ["x.org/m/a", "x.org/m/b/c", "x.org/m/cmd"])
        #expect(found.finding.severity == .someMiss && found.finding.loss.contains("`/build`"))
    }

    @Test("is no cause where a job built the package here, or never, or with -trimpath")
    func noCause() {
        #expect(moved(missing("p", at: "/src/p"), built: ("p", "/src/p/p.go"), ("p", "/build/p/p.go")) == nil)
        #expect(moved(missing("p", at: "/src/p"), built: ("q", "/build/q/q.go")) == nil)
        #expect(moved(missing("x.org/p", at: "/src/p"), built: ("x.org/p", "x.org/p/p.go")) == nil)
        #expect(moved(missing("fmt", at: ""), built: ("fmt", "/go/src/fmt/print.go")) == nil)
    }

    @Test(
        "is told for a program alone: by a directory of the same name if there is one, or else by all places"
    )
    func programs() {
        let program = missing("x.org/m/cmd", at: "/src/cmd", name: "main")
        #expect(moved(program, built: ("main", "/build/cmd/m.go"), ("main", "/y/tool/m.go"))?.here == "/src")
        #expect(moved(program, built: ("main", "/build/tool/m.go"))?.here == "/src/cmd")
        let found = moved(program, built: ("main", "/build/tool/m.go"), ("main", "/build/rest/m.go"))
        #expect(found?.recorded.map(\.value) == ["/build/rest", "/build/tool"])
        #expect(found?.finding.loss.contains("and elsewhere") == true)
        #expect(moved(program, built: ("main", "/src/cmd/m.go"), ("main", "/build/rest/m.go")) == nil)
    }

    @Test("explains a package that names no directory by the program beside it")
    func nameless() {
        let found = moved(
            missing("m/c", at: "/src/m/c"),
            missing("m", at: "/src/m", name: "main"),
            built: ("m/c", "_cgo_gotypes.go"),
            ("main", "/build/m/main.go")
        )
        #expect(found?.packages == ["m", "m/c"])
        #expect(found?.here == "/src")
    }

    @Test("keeps at least one element of each path")
    func roots() {
        #expect(MovedCheckout.roots("/a/b/c", "/x/b/c") == ("/a", "/x", 2))
        #expect(MovedCheckout.roots("/b/c", "/x/b/c") == ("/b", "/x/b", 1))
        #expect(MovedCheckout.roots("/a", "/b") == ("/a", "/b", 0))
    }
}
