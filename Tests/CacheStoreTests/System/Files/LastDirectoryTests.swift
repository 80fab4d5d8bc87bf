import Testing

@testable import CacheStore

@Suite("Directories that stay open from file to file")
struct LastDirectoryTests {
    private let bench: Workbench

    init() throws {
        bench = try Workbench()
        for directory in ["tree", "tree/a", "tree/a/b", "outside"] {
            try Files.makeDirectory(bench.path(directory))
        }
        for file in ["tree/top", "tree/a/one", "tree/a/b/two", "tree/z", "outside/secret"] {
            try Files.write(Array(file.utf8), to: bench.path(file))
        }
    }

    private func content(_ path: String, _ last: LastDirectory) throws -> String {
        String(decoding: try last.openFile(at: path).bytes(at: 0, count: 100), as: UTF8.self)
    }

    @Test("open the file of each path, in any order")
    func order() throws {
        let last = LastDirectory(try Directory(opening: bench.path("tree")))
        for path in ["a/b/two", "a/one", "top", "z", "a/one", "a/b/two", "top"] {
            #expect(try content(path, last) == "tree/\(path)")
        }
    }

    @Test("lead to no file that is missing, and then still lead to the next one")
    func missing() throws {
        let last = LastDirectory(try Directory(opening: bench.path("tree")))
        for path in ["a/none", "none/one", "a/b/none/deeper"] {
            let error = #expect(throws: CacheStoreError.self) { try content(path, last) }
            #expect(error?.code == .notFound)
            #expect(try content("a/b/two", last) == "tree/a/b/two")
        }
    }

    @Test("follow no symbolic link, whether it is the file or a directory on the way to it")
    func links() throws {
        try Files.link(bench.path("tree/link"), to: bench.path("outside"))
        try Files.link(bench.path("tree/a/link"), to: bench.path("outside/secret"))
        let last = LastDirectory(try Directory(opening: bench.path("tree")))
        for path in ["link/secret", "a/link"] {
            #expect(throws: CacheStoreError.self) { try content(path, last) }
        }
        // A directory that was opened before it was replaced is the old one: nothing leads out of the tree.
        #expect(try content("a/one", last) == "tree/a/one")
        try Files.remove(bench.path("tree/z"))
        try Files.link(bench.path("tree/z"), to: bench.path("outside/secret"))
        #expect(throws: CacheStoreError.self) { try content("z", last) }
    }
}
