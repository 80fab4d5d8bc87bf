import SystemPackage
import Testing

@testable import CacheStore

@Suite("The go.sum files of a checkout")
struct CheckoutSumsTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private func write(_ path: String, _ text: String = "x v1.0.0 h1:a\n") throws {
        try Files.write(Array(text.utf8), to: bench.path("checkout/\(path)"))
    }

    private func sums(apartFrom others: [String] = []) throws -> CheckoutSums {
        try CheckoutSums(of: bench.path("checkout"), apartFrom: others.map { bench.path("checkout/\($0)") })
    }

    @Test("are those of all its modules and its workspace, in the order of their paths")
    func found() throws {
        let names = ["b/go.sum", "go.sum", "go.work.sum", "a/deep/er/go.sum", ".tools/lint.sum"]
        for name in names { try write(name) }
        try write(".tools/lint.mod")
        // A list of checksums of other files is none of Go's.
        try write("release.sum")
        #expect(
            try sums().files.map(\.path)
                == [".tools/lint.sum", "a/deep/er/go.sum", "b/go.sum", "go.sum", "go.work.sum"]
        )
    }

    @Test("are not those of other people's code, nor those in caches that lie in the checkout")
    func skipped() throws {
        try write("go.sum")
        for name in ["vendor", "testdata", ".git", "node_modules", "a/testdata"] {
            try write("\(name)/go.sum")
        }
        try write(".cache/mod/example.com/x@v1.0.0/go.sum")
        #expect(try sums(apartFrom: [".cache/mod", "absent"]).files.map(\.path) == ["go.sum"])
        #expect(try sums().files.count == 2)
    }

    @Test("may be links, which may lead nowhere; links to directories are not followed")
    func links() throws {
        try write("real/go.sum")
        try Files.link(bench.path("checkout/linked/go.sum"), to: "../real/go.sum")
        try Files.link(bench.path("checkout/broken/go.sum"), to: "nowhere")
        try Files.link(bench.path("checkout/circle"), to: ".")
        #expect(try sums().files.map(\.path) == ["linked/go.sum", "real/go.sum"])
    }

    @Test("may be missing, as in a program of the standard library alone")
    func none() throws {
        try Files.makeDirectory(bench.path("checkout"))
        let none = try sums()
        #expect(none.files.isEmpty && none.modules.all.isEmpty)
        try write("go.sum", "")
        #expect(try sums().digest != none.digest)
    }

    @Test("have a digest of their paths and contents, and of nothing else")
    func digest() throws {
        try write("a/go.sum", "one")
        try write("b/go.sum", "two")
        let digest = try sums().digest
        try write("a/main.go", "package main")
        try Files.setTime(1_600_000_000, of: bench.path("checkout/a/go.sum").string)
        #expect(try sums().digest == digest)
        try write("a/go.sum", "two")
        try write("b/go.sum", "one")
        #expect(try sums().digest != digest)
    }

    @Test("of a directory that is not there are an error that names it")
    func missing() async {
        let error = await failure { try CheckoutSums(of: bench.path("absent"), apartFrom: []) }
        #expect(error?.code == .notFound)
        #expect(error?.path == bench.path("absent"))
    }

    @Test("name modules whole, or their go.mod alone")
    func modules() {
        var sums = ModuleSums()
        let text = """
            github.com/Azure/sdk v1.0.0 h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
            github.com/Azure/sdk v1.0.0/go.mod h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=
            golang.org/x/net\tv0.1.0-RC1/go.mod  h1:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\r

            two words
            ../escape v1.0.0 h1:x
            """
        sums.add(Array(text.utf8))
        #expect(sums.zips.map(\.text) == ["github.com/!azure/sdk@v1.0.0"])
        #expect(
            sums.modFiles.map(\.text).sorted()
                == ["github.com/!azure/sdk@v1.0.0", "golang.org/x/net@v0.1.0-!r!c1"]
        )
    }
}
