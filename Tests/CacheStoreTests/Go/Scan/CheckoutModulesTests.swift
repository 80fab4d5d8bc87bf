import SystemPackage
import Testing

@testable import CacheStore

@Suite("A checkout without a go.sum")
struct CheckoutModulesTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private func mayNeedOthers(_ files: [String: String], at directory: String = "work") throws -> Bool {
        for (path, text) in files { try Files.write(Array(text.utf8), to: bench.path("work/\(path)")) }
        return try CheckoutModules(of: bench.path(directory)).mayNeedOthers
    }

    private static let requiring = """
        module example.com/app // the program

        go 1.25

        require (
        \t"example.com/a" v1.0.0
        \texample.com/b v1.2.0 // indirect
        )

        """

    @Test("may need modules that a go.mod requires, wherever it lies")
    func requires() throws {
        #expect(try mayNeedOthers(["go.mod": Self.requiring]))
        #expect(
            try mayNeedOthers(["go.mod": "module x\n", "deep/er/go.mod": "module y\nrequire a.b/c v1.0.0\n"])
        )
    }

    @Test("of a directory below the module may need what the module requires")
    func below() throws {
        #expect(try mayNeedOthers(["go.mod": Self.requiring, "cmd/tool/main.go": ""], at: "work/cmd"))
        try Files.write(Array("module x\n".utf8), to: bench.path("work/go.mod"))
        #expect(try !CheckoutModules(of: bench.path("work/cmd")).mayNeedOthers)
    }

    @Test("may need anything if it has no go.mod at all")
    func nothing() throws { #expect(try mayNeedOthers(["main.go": "package main\n"])) }

    @Test(
        "needs none if its go.mod requires none, or directories stand in for all of them",
        arguments: [
            ["go.mod": "module x\n\ngo 1.25\n// require a.b/c v1.0.0\n"],
            ["go.mod": "module x\nrequire a.b/c v1.0.0\nreplace a.b/c => ../c\n"],
            ["go.mod": "module x\nrequire a.b/c v1.0.0\nreplace (\n\ta.b/c v1.0.0 => ./c\n)\n"],
            ["go.mod": requiring, "vendor/modules.txt": "# example.com/a v1.0.0\n"],
            [
                "go.work": "go 1.25\nuse (\n\t./a\n\t./b\n)\n",
                "a/go.mod": "module a.b/a\nrequire a.b/b v0.0.0\n",
                "b/go.mod": "module a.b/b\n",
            ],
            [
                "go.work": "use ./a\nreplace a.b/b => ./c\n",
                "a/go.mod": "module a.b/a\nrequire a.b/b v0.0.0\n",
            ],
            ["go.mod": "module x\n", "node_modules/y/go.mod": requiring, "testdata/go.mod": requiring],
        ]
    )
    func none(files: [String: String]) throws { #expect(try !mayNeedOthers(files), "\(files)") }

    @Test("may need a version for which no directory stands, and a module that another one replaces")
    func replaced() throws {
        #expect(
            try mayNeedOthers(["go.mod": "module x\nrequire a.b/c v1.1.0\nreplace a.b/c v1.0.0 => ./c\n"])
        )
        #expect(
            try mayNeedOthers(["go.mod": "module x\nrequire a.b/c v1.1.0\nreplace a.b/c => a.b/d v1.0.0\n"])
        )
    }
}
