import Glibc
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

    /// Returns the files of the checkout, of which builds use some.
    private func sums(
        apartFrom others: [String] = [],
        used: [String] = []
    ) throws -> CheckoutSums {
        try CheckoutSums(
            of: bench.path("checkout"),
            BuildModules(sumFiles: used.map { bench.path("checkout/\($0)").lexicallyNormalized() }),
            apartFrom: others.map { bench.path("checkout/\($0)") }
        )
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
        #expect(none.files.isEmpty && none.named.all.isEmpty)
        for blank in ["", "\n", " \r\n\n"] {
            try write("go.sum", blank)
            #expect(try sums().digest == none.digest)
        }
    }

    @Test("that builds use are found above the checkout, beside it, and where no others count")
    func used() throws {
        let paths = ["../go.sum", "../other/go.sum", "testdata/x/go.sum", "go.sum", "../tools/ci.sum"]
        for path in paths { try write(path) }
        try Files.makeDirectory(bench.path("other"))
        let found = try sums(used: paths + ["../absent/go.sum", "../go.work.sum"])
        #expect(found.files.map(\.path) == paths.sorted())
        #expect(try sums().files.map(\.path) == ["go.sum"])
    }

    @Test("count once, by whatever path builds reach them")
    func once() throws {
        try write("a/go.sum")
        try Files.link(bench.path("way"), to: "checkout/a")
        let found = try sums(used: ["a/go.sum", "../way/go.sum"])
        #expect(found.files.map(\.path) == ["a/go.sum"])
        #expect(try found.digest == sums().digest)
    }

    @Test("have names that do not depend on the place of the checkout")
    func places() throws {
        try write("../go.sum")
        try write("svc/go.sum", "y v1.0.0 h1:b\n")
        let here = try sums(used: ["../go.sum"]).digest
        try Files.makeDirectory(bench.path("deep/er"))
        for name in ["go.sum", "checkout/svc/go.sum"] {
            try Files.write(Files.bytes(bench.path(name)), to: bench.path("deep/er/\(name)"))
        }
        let there = try CheckoutSums(
            of: bench.path("deep/er/checkout"),
            BuildModules(sumFiles: [bench.path("deep/er/go.sum")]),
            apartFrom: []
        )
        #expect(there.digest == here)
    }

    @Test(
        "have one digest where they mean the same to Go: ends of lines, order, blanks and repetitions",
        arguments: [
            "a v1 h1:x\r\nb v2/go.mod h1:y\r\n", "b v2/go.mod h1:y\na v1 h1:x",
            "a v1 h1:x\nb v2/go.mod h1:y\n\n\n",
            "a\tv1  h1:x \n  b v2/go.mod h1:y\n", "a v1 h1:x\na v1 h1:x\nb v2/go.mod h1:y\n",
            "a v1 h1:x\nb v2/go.mod h1:y\nc v3/go.mod h1:G7mAYYxgmS0lVkHyy2hEOLQCFB0DlQFTMLWggykrydY=\n",
        ]
    )
    func alike(text: String) throws {
        try write("go.sum", "a v1 h1:x\nb v2/go.mod h1:y\n")
        let digest = try sums().digest
        try write("go.sum", text)
        #expect(try sums().digest == digest)
    }

    @Test(
        "have another digest with another line, and with a line that Go refuses",
        arguments: [
            "a v1 h1:x\n", "a v1 h1:x\nb v2/go.mod h1:z\n",
            "a v1 h1:x\nb v2/go.mod h1:y\n<<<<<<< HEAD\n",
        ]
    )
    func different(text: String) throws {
        try write("go.sum", "a v1 h1:x\nb v2/go.mod h1:y\n")
        let digest = try sums().digest
        try write("go.sum", text)
        #expect(try sums().digest != digest)
    }

    @Test("that builds use and nobody can read are an error that names them, with a way out")
    func unreadable() async throws {
        try Files.makeDirectory(bench.path("checkout/a/go.sum"))
        let directory = await failure { try sums(used: ["a/go.sum"]) }
        #expect(directory?.path == bench.path("checkout/a/go.sum"))
        #expect(directory?.cause as? Errno == .isDirectory)
        #expect(directory?.remedy == .removeObstacle)
        try Files.link(bench.path("checkout/a/b/go.sum"), to: "go.sum")
        let link = await failure { try sums(used: ["a/b/go.sum"]) }
        #expect(link?.code == .io)
        #expect(link?.path == bench.path("checkout/a/b/go.sum"))
        #expect(link?.remedy == .removeObstacle)
        try Files.link(bench.path("checkout/a/c/go.sum"), to: "/dev/zero")
        let device = await failure { try sums(used: ["a/c/go.sum"]) }
        #expect(device?.path == bench.path("checkout/a/c/go.sum"))
    }

    @Test("that builds don't use are skipped where they are no file, or too large")
    func odd() throws {
        try write("go.sum")
        let digest = try sums().digest
        for name in ["dir/go.work.sum", "dir/d.sum", "dir/d.mod"] {
            try Files.makeDirectory(bench.path("checkout/\(name)"))
        }
        try Files.link(bench.path("checkout/loop/go.sum"), to: "go.sum")
        try Files.link(bench.path("checkout/device/go.sum"), to: "/dev/zero")
        try Files.makeDirectory(bench.path("checkout/pipe"))
        try Files.makeFIFO(bench.path("checkout/pipe/go.sum"))
        try write("large/go.sum")
        let size = off_t(CheckoutSums.maximumOtherSize + 1)
        try #require(unsafe truncate(bench.path("checkout/large/go.sum").string, size) == 0)
        #expect(try sums().digest == digest)
        // A directory by that name may hold a module.
        try write("fixture/go.sum/inner/go.sum")
        #expect(try sums().files.map(\.path) == ["fixture/go.sum/inner/go.sum", "go.sum"])
    }

    @Test("are not other people's lists of checksums beside a .mod, unless builds use them")
    func foreign() throws {
        try write("go.sum")
        let digest = try sums().digest
        try write("songs/theme.mod", "music")
        try write("songs/theme.sum", "47deqpj8hbsa  theme.mod\n47deqpj8hbsa theme.mod h1:x\n")
        #expect(try sums().digest == digest)
        #expect(try sums(used: ["songs/theme.sum"]).files.map(\.path) == ["go.sum", "songs/theme.sum"])
        try write("songs/theme.sum", "# comment\nx v1.0.0/go.mod h1:a\n")
        #expect(try sums().files.map(\.path) == ["go.sum", "songs/theme.sum"])
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
        let error = await failure {
            try CheckoutSums(of: bench.path("absent"), BuildModules(), apartFrom: [])
        }
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
        sums.add(SumLines(Array(text.utf8)))
        #expect(sums.zips.map(\.text) == ["github.com/!azure/sdk@v1.0.0"])
        #expect(
            sums.modFiles.map(\.text).sorted()
                == ["github.com/!azure/sdk@v1.0.0", "golang.org/x/net@v0.1.0-!r!c1"]
        )
    }
}
