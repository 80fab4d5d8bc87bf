import SystemPackage
import Testing

@testable import CacheStore

@Suite("A stream in the place of an archive")
struct StreamTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "is refused for what it is: an archive is read from its end",
        arguments: ["-", "fifo", "/dev/null"]
    )
    func input(name: String) async throws {
        try Files.makeFIFO(bench.path("fifo"))
        let path = name == "fifo" ? bench.path(name) : FilePath(name)
        let error = await failure { try Archive(opening: path) }
        #expect(error?.code == .badArgument && error?.remedy == .saveToFile)
        #expect(error?.message.contains("stream") == true)
    }

    @Test("is refused as a directory is: the command line is wrong, and no data")
    func directory() async throws {
        let error = await failure { try Archive(opening: bench.root) }
        #expect(error?.code == .badArgument && error?.remedy == .nameFile)
        #expect(error?.message == "a directory, not an archive")
    }

    @Test("is refused as an output, even if it may be replaced", arguments: ["fifo", "link"])
    func output(name: String) async throws {
        try Files.makeFIFO(bench.path("fifo"))
        try Files.link(bench.path("link"), to: "/dev/null")
        var model = CacheModel()
        model.addPair("entry", [1])
        let caches = try bench.write(model, to: "caches")
        let error = await failure {
            try await bench.pack(caches, to: name) { $0.overwrite = true }
        }
        #expect(error?.code == .badArgument && error?.message.contains("stream") == true)
        #expect(try bench.names.sorted() == ["caches", "fifo", "link"])
    }

    @Test("is no matter where a link leads to a file, and only a file is replaced, not the link")
    func link() async throws {
        try Files.write([1], to: bench.path("file"))
        try Files.link(bench.path("link"), to: bench.path("file"))
        var model = CacheModel()
        model.addPair("entry", [1])
        let caches = try bench.write(model, to: "caches")
        let error = await failure {
            try await bench.pack(caches, to: "link") { $0.overwrite = true }
        }
        #expect(error?.code == .symbolicLink && error?.remedy == .nameFile)
        #expect(try Files.bytes(bench.path("link")) == [1])
        #expect(try bench.names.sorted() == ["caches", "file", "link"])
    }
}
