import Testing

@testable import CacheStore

/// Tests of the files of a base, whose layers an engine would unpack one upon the other.
@Suite("The files of a base")
struct BaseTreeTests {
    private func tree(_ layers: [[TarEntry]]) throws -> BaseTree {
        var tree = BaseTree()
        for layer in layers { try tree.apply(layer) }
        return tree
    }

    private func directory(_ path: String, _ mode: UInt32 = 0o755, owner: Int = 0) -> TarEntry {
        TarEntry(
            path: path,
            kind: .directory,
            mode: mode,
            owner: FileOwner(user: owner, group: owner)
        )
    }

    private func link(_ path: String, _ target: String) -> TarEntry {
        TarEntry(path: path, kind: .symbolicLink(to: target), mode: 0o777, owner: FileOwner())
    }

    private func hard(_ path: String, _ target: String) -> TarEntry {
        TarEntry(path: path, kind: .hardLink(to: target), mode: 0o644, owner: FileOwner())
    }

    private func file(_ path: String) -> TarEntry {
        TarEntry(path: path, kind: .file, mode: 0o644, owner: FileOwner())
    }

    @Test("are found through absolute and relative links, chains, `..`, and links in other layers")
    func links() throws {
        let tree = try tree([
            [
                directory("var/"), directory("./var/home/"), link("home", "var/home"),
                link("root", "/var/roothome"),
                directory("usr"), link("usr/local", "../var/usrlocal"), directory("var/usrlocal"),
                link("a", "b"), link("b", "/usr/../c/."), link("c", "usr/local/"), link("up", "../../../var"),
            ],
            // A later layer adds below a link of a lower one.
            [directory("var/roothome", 0o700, owner: 5), directory("root/sub"), file("/home/x")],
        ])
        for (path, expected) in [
            ("home/u/.cache/go", "var/home/u/.cache/go"), ("root/sub/x", "var/roothome/sub/x"),
            ("a/go", "var/usrlocal/go"), ("up/home/y", "var/home/y"), ("none/at/all", "none/at/all"),
            ("var", "var"),
        ] {
            #expect(try tree.resolve(path) == expected)
        }
        #expect(try tree.attributes(at: "var/roothome")?.owner.user == 5)
        #expect(try tree.attributes(at: "var/roothome")?.mode == 0o700)
        #expect(try tree.attributes(at: "var/none") == nil)
        #expect(tree.names(in: "var/home") == ["x"])
    }

    @Test("that are no directory, or a link that leads nowhere or to itself, stop a path")
    func obstacles() throws {
        let tree = try tree([
            [
                file("var"), link("dangling", "/data/cache"), link("x", "y"), link("y", "x"),
                link("f", "var"),
                directory("d"), link("d/self", "self"), hard("h", "dangling"), hard("g", "var"),
            ]
        ])
        for path in ["var/cache", "f/x", "dangling", "dangling/x", "x/z", "d/self/a", "h/x", "g/x"] {
            #expect(throws: BaseTree.Obstacle.self, "\(path)") { try tree.resolve(path) }
        }
    }

    @Test("are replaced and removed by later layers as engines do it")
    func whiteouts() throws {
        let lower = [
            directory("a"), directory("a/b"), file("a/b/f"), directory("o"), file("o/f"), directory("o/d"),
            file("o/d/f"), link("l", "a"), file("file"), directory("keep"), file("keep/f"),
        ]
        let tree = try tree([
            lower,
            [
                file("a/.wh.b"), file("o/new"), file("o/.wh..wh..opq"), directory("o/d"), directory("l"),
                directory("file"), directory("keep", 0o700), file("n"), file(".wh.n"),
            ],
        ])
        #expect(try tree.attributes(at: "a/b") == nil)
        #expect(tree.names(in: "o").sorted() == ["d", "new"])
        #expect(tree.names(in: "o/d") == [], "what the opaque directory had below is gone")
        #expect(try tree.resolve("l/x") == "l/x", "a directory replaces a link")
        #expect(try tree.resolve("file/x") == "file/x", "a directory replaces a file")
        #expect(tree.names(in: "keep") == ["f"], "a directory that is stated again keeps its files")
        #expect(try tree.attributes(at: "keep")?.mode == 0o700)
        #expect(tree.names(in: "").contains("n"), "a whiteout removes only what lower layers have")
        let opaque = try self.tree([lower, [file("o/.wh..wh..opq"), file("o/new")], [link("o/d", "/a")]])
        #expect(try opaque.resolve("o/d/x") == "a/x")
    }
}
