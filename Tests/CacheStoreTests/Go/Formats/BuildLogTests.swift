import SystemPackage
import Testing

@testable import CacheStore

@Suite("The log of go commands")
struct BuildLogTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func log(_ texts: String...) throws -> BuildLog {
        var log = BuildLog()
        let path = directory.path.appending("log")
        for text in texts {
            try Files.write(Array(text.utf8), to: path)
            try log.read(path)
        }
        return log
    }

    /// Lines as Go 1.25 prints them with `-x`, also around a file whose last line has no end.
    private static let commands = """
        WORK=/tmp/go-build123
        mkdir -p $WORK/b002/
        cat >$WORK/b002/embedcfg << 'EOF' # internal
        {
        example.com/inside/a/file
        }EOF
        cat >$WORK/b002/importcfg << 'EOF' # internal
        # import config
        packagefile errors=/cache/01-d
        EOF
        cd /src
        /sdk/pkg/tool/linux_amd64/compile -o $WORK/b002/_pkg_.a -trimpath "$WORK/b002=>" \
        -p example.com/lib -complete ./a.go
        /sdk/pkg/tool/linux_amd64/compile -o $WORK/b001/_pkg_.a -trimpath "$WORK/b001=>" \
        -p main -complete ./main.go
        /sdk/pkg/tool/linux_amd64/asm -p example.com/assembled -o x.o
        /sdk/pkg/tool/linux_amd64/link -o $WORK/b001/exe/a.out -p notcompiled
        EOF

        """

    @Test("with -x names each package that the compiler ran for, and counts programs")
    func commands() throws {
        let log = try log(Self.commands)
        #expect(log.compiled == ["example.com/lib"])
        #expect(log.programs == 1)
        #expect(log.mentioned.isEmpty, "files and words of the shell are no import paths")
    }

    @Test("with -v takes only the lines that are packages of the build for compiled ones")
    func names() throws {
        let log = try log("go: downloading example.com/a v1.0.0\nerrors\nexample.com/a\r\nPASS\nhello\n")
        #expect(log.mentioned == ["errors", "example.com/a", "hello"])
        #expect(log.compiled(among: ["errors", "example.com/a", "fmt"]) == ["errors", "example.com/a"])
        #expect(log.compiled(among: []).isEmpty)
    }

    @Test("tells tests that ran from tests whose results came from the cache, also as JSON")
    func tests() throws {
        let log = try log(
            "ok  \texample.com/a\t0.012s\nok  \texample.com/b\t(cached)\tcoverage: 80.0%\n"
                + "FAIL\texample.com/c\t0.1s\n?   \texample.com/d\t[no test files]\nFAIL\n",
            #"{"Action":"output","Package":"example.com/e","Output":"ok  \texample.com/e\t(cached)\n"}"#
                + "\n"
                + #"{"Action":"output","Package":"example.com/f","Output":"ok  \texample.com/f\t1.2s\n"}"#
        )
        #expect(log.tested == ["example.com/a", "example.com/c", "example.com/f"])
        #expect(log.testedFromCache == ["example.com/b", "example.com/e"])
    }

    @Test("is read in pieces without losing a line, and a line without end is passed over")
    func pieces() throws {
        let line = "example.com/\(String(repeating: "x", count: 800))\n"
        let count = (3 << 20) / line.utf8.count
        let lines = (0..<count).map { "example.com/p\($0)/\(String(repeating: "x", count: 787))\n" }
        #expect(try log(lines.joined()).mentioned.count == count)
        let endless = String(repeating: "y", count: 5 << 20)
        #expect(try log("a/b\n\(endless)\nc/d").mentioned == ["a/b", "c/d"])
    }

    @Test("begins anew with each file, even where the last was cut off in the middle of a shown file")
    func cut() throws {
        let log = try log(
            "cat >$WORK/b001/importcfg << 'EOF' # internal\npackagefile a=b\n",
            "example.com/a\n"
        )
        #expect(log.mentioned == ["example.com/a"])
    }

    @Test("that does not exist is an error with the path")
    func missing() {
        var log = BuildLog()
        let error = #expect(throws: CacheStoreError.self) { try log.read("/nowhere/log") }
        #expect(error?.code == .notFound)
        #expect(error?.path == "/nowhere/log")
    }
}
