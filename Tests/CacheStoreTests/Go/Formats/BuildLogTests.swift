import FoundationEssentials
import Glibc
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
        go tool buildid -w $WORK/b002/_pkg_.a # internal
        go tool buildid -w $WORK/b001/_pkg_.a # internal
        /sdk/pkg/tool/linux_amd64/asm -p example.com/assembled -o x.o
        cat >/tmp/go-build123/b001/importcfg.link << 'EOF' # internal
        packagefile example.com/tool=/tmp/go-build123/b001/_pkg_.a
        packagefile example.com/lib=/tmp/go-build123/b002/_pkg_.a
        modinfo "x"
        EOF
        /sdk/pkg/tool/linux_amd64/link -o $WORK/b001/exe/a.out -p notcompiled
        EOF

        """

    @Test("with -x names each package and program that the compiler ran for, and is conclusive")
    func commands() throws {
        let log = try log(Self.commands)
        #expect(log.compiled == ["example.com/lib"])
        #expect(log.programs == ["example.com/tool"] && log.unnamedPrograms == 0)
        #expect(log.commands == 1 && log.hasSteps && log.isConclusive)
        #expect(log.mentioned.isEmpty, "files and words of the shell are no import paths")
    }

    @Test("with -v takes only the lines that are packages of the build for compiled ones")
    func names() throws {
        let log = try log("go: downloading example.com/a v1.0.0\nerrors\nexample.com/a\r\nPASS\nhello\n")
        #expect(log.mentioned == ["errors", "example.com/a", "hello"])
        #expect(log.mentioned(among: ["errors", "example.com/a", "fmt"]) == ["errors", "example.com/a"])
        #expect(log.mentioned(among: []).isEmpty)
        #expect(!log.isConclusive && log.compiled.isEmpty)
    }

    @Test("whose compiler and program have no plain names is read all the same")
    func quoted() throws {
        let log = try log(
            "WORK=/tmp/go-build1\n\"/my sdk/compile\" -o $WORK/b002/_pkg_.a -p a/b ./x.go\n"
                + "/sdk/compile -o $WORK/b001/_pkg_.a -p main ./main.go\n"
        )
        #expect(log.compiled == ["a/b"] && log.programs.isEmpty && log.unnamedPrograms == 1)
    }

    @Test(
        "takes no other line for the first of a command",
        arguments: ["WORK=/tmp/go-build1 x", "WORK=/src"]
    )
    func start(line: String) throws {
        #expect(try log("\(line)\n/sdk/compile -o $WORK/b002/_pkg_.a -p a/b ./x.go\n").commands == 0)
    }

    @Test("does not count a compilation that no command shows, as -n prints it")
    func dry() throws {
        let log = try log("#\n# a/b\n#\n\n/sdk/compile -o $WORK/b002/_pkg_.a -p a/b ./x.go\n")
        #expect(log.compiled.isEmpty && !log.isConclusive)
    }

    @Test("in JSON tells the same as without, and leaves out the output of tests")
    func events() throws {
        let lines = Self.commands.split(separator: "\ncat >", omittingEmptySubsequences: false)
        let events = try lines.enumerated().map { index, text in
            let data = try JSONEncoder().encode((index == 0 ? "" : "cat >") + text + "\n")
            let output = String(decoding: data, as: UTF8.self)
            return #"{"ImportPath":"x","Action":"build-output","Output":\#(output)}"#
        }
        let test = #"{"Action":"output","Package":"x","Test":"T","Output":"ok  \tx/y\t0.1s\n"}"#
        let others = [test, #"{"Action":"output","Output":5}"#, "{", ""]
        let log = try log((events + others).joined(separator: "\n"))
        #expect(log.compiled == ["example.com/lib"] && log.programs == ["example.com/tool"])
        #expect(log.isConclusive && log.mentioned.isEmpty && log.tested.isEmpty)
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
            "WORK=/tmp/go-build1\ncat >$WORK/b001/importcfg << 'EOF' # internal\npackagefile a=b\n",
            "example.com/a\n"
        )
        #expect(log.mentioned == ["example.com/a"])
        #expect(log.commands == 1 && log.isCutOff && !log.isConclusive)
        let second = try self.log("WORK=/tmp/go-build1\ncat >x << 'EOF' #\na\nWORK=/tmp/go-build2\nx/y\n")
        #expect(second.commands == 2 && second.isCutOff && second.mentioned == ["x/y"])
    }

    @Test("that does not exist is an error with the path")
    func missing() {
        var log = BuildLog()
        let error = #expect(throws: CacheStoreError.self) { try log.read("/nowhere/log") }
        #expect(error?.code == .notFound)
        #expect(error?.path == "/nowhere/log")
    }

    private static let compilation = "/sdk/compile -o $WORK/b002/_pkg_.a -p a/b ./x.go\n"
    private static let end = "go tool buildid -w $WORK/b002/_pkg_.a # internal\n"

    @Test(
        "ends within a compilation that has begun, and proves no hits",
        arguments: [
            "mkdir -p $WORK/b002/\necho '# import config' > $WORK/b002/importcfg # internal\n",
            "echo -n > $WORK/b002/go_asm.h # internal\ncd /src\n/sdk/asm -p a/b -I $WORK/b002/\n",
            "TERM='dumb' CGO_LDFLAGS='' /sdk/cgo -objdir $WORK/b002/ -importpath a/b\n",
            "cat >/tmp/go-build1/b002/importcfg << 'EOF' # internal\npackagefile a=b\nEOF\n", compilation,
            compilation + "go tool buildid -w $WORK/b003/_pkg_.a # internal\n",
        ]
    )
    func unfinished(lines: String) throws {
        let cut = try log("WORK=/tmp/go-build1\n" + lines)
        #expect(cut.isCutOff && !cut.isConclusive)
        #expect(cut.compiled == (lines.contains("/compile") ? ["a/b"] : []))
        #expect(try log("WORK=/tmp/go-build1\n\(lines)WORK=/tmp/go-build2\n").isCutOff)
        #expect(!(try log("WORK=/tmp/go-build1\n" + lines + Self.end).isCutOff))
    }

    @Test(
        "is not cut off where a package fails, comes from the cache, or ends as older Go shows it",
        arguments: [
            compilation + "# a/b\n./x.go:1: undefined: y\n", "mkdir -p $WORK/b002/\nmkdir -p $WORK/b003/\n",
            compilation + "/sdk/buildid -w $WORK/b002/_pkg_.a # internal\n",
            compilation + "\"/my sdk/buildid\" -w $WORK/b002/_pkg_.a # internal\n",
            "cat >/tmp/go-build1/b002/importcfg.link << 'EOF' # internal\npackagefile a=b\nEOF\n",
            "cat >/tmp/go-build1/b002/vet.cfg << 'EOF' # internal\n{\n}\nEOF\n",
        ]
    )
    func finished(lines: String) throws {
        let log = try log("WORK=/tmp/go-build1\n" + lines)
        #expect(!log.isCutOff && log.isConclusive)
    }

    @Test("that is a device or a directory is refused by a sentence", arguments: ["/dev/zero", "/dev"])
    func device(path: String) {
        var log = BuildLog()
        let error = #expect(throws: CacheStoreError.self) { try log.read(FilePath(path)) }
        #expect(error?.code == .badArgument && error?.message.hasSuffix("can't be read as a log") == true)
    }

    @Test("is read no further than its limit, and then proves no hits")
    func limit() throws {
        let path = directory.path.appending("log")
        try Files.write(Array("WORK=/tmp/go-build1\n\(Self.compilation)\(Self.end)".utf8), to: path)
        // A hole of a terabyte takes no room.
        let status = unsafe truncate(path.string, 1 << 40)
        try #require(status == 0)
        var log = BuildLog()
        try log.read(path, limit: 3 << 20)
        #expect(log.isTooLong && !log.isConclusive && log.compiled == ["a/b"])
    }

    @Test("keeps no more names than fit in its memory")
    func memory() throws {
        var log = BuildLog()
        for number in 0..<600_000 { log.add(Array("w\(number)".utf8)[...]) }
        #expect(log.mentioned.count > 100_000 && log.mentioned.count < 600_000 && !log.isTooLong)
        log.add(Array("WORK=/tmp/go-build1".utf8)[...])
        let padding = String(repeating: "x", count: 1000)
        for number in 0..<40_000 {
            log.add(Array("/sdk/compile -o $WORK/b2/_pkg_.a -p a/\(number)\(padding) x.go".utf8)[...])
        }
        #expect(log.compiled.count < 40_000 && log.isTooLong && !log.isConclusive)
    }
}
