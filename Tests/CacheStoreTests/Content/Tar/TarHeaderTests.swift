import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the headers of tar members, which GNU tar and Python's `tarfile` read.
@Suite("A tar header")
struct TarHeaderTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let hundred = String(repeating: "n", count: 100)

    /// A table of paths around every limit, and whether each needs an extended header.
    private static let paths: [(path: String, isExtended: Bool)] = [
        ("a", false), (String(hundred.dropLast()), false), (hundred, false), (hundred + "n", true),
        ("d/" + hundred, false), (String(repeating: "d", count: 155) + "/" + hundred, false),
        (String(repeating: "d", count: 156) + "/" + hundred, true),
        (String(repeating: "d/", count: 77) + "d/" + hundred, false),
        (String(repeating: "d", count: 154) + "/e/" + String(repeating: "f", count: 98), false),
        (String(repeating: "long/", count: 60) + "name", true),
        (String(repeating: "x", count: 255), true), ("ä", true), ("日本/語", true),
        ("e\u{301}/\u{301}accent", true), ("with space/a\\b", false),
    ]

    private func header(
        _ path: String,
        _ kind: TarHeader.Kind = .file(0),
        mode: mode_t = 0o644,
        time: Int = 0,
        owner: FileOwner = FileOwner()
    ) -> TarHeader { TarHeader(path: path, kind: kind, mode: mode, time: time, owner: owner) }

    /// Writes a stream of members without content, and returns its path.
    private func write(_ headers: [TarHeader]) throws -> FilePath {
        var bytes: [UInt8] = []
        for header in headers { header.append(to: &bytes) }
        let path = bench.path("stream.tar")
        try Files.write(bytes + TarHeader.end, to: path)
        return path
    }

    /// Returns the name, type, mode, owner and size of each member, as Python sees them.
    private func python(_ stream: FilePath) throws -> [[String]] {
        let script = """
            import sys, tarfile
            for m in tarfile.open(sys.argv[1]):
                print(m.name, m.type.decode(), oct(m.mode)[2:], m.uid, m.gid, m.size, sep="\\t")
            """
        let python = try RequiredTool.python.path
        let lines = try shell(#""$0" -c "$1" "$2""#, python, script, stream.string)
        return lines.split(separator: "\n").map {
            $0.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
        }
    }

    @Test("of any path is read with that path, and is extended only where it must be")
    func names() throws {
        let stream = try write(Self.paths.map { header($0.path) })
        #expect(try python(stream).map { Array($0[0].utf8) } == Self.paths.map { Array($0.path.utf8) })
        let names = try shell(#"tar -tf "$0" --quoting-style=literal"#, stream.string)
        #expect(names.split(separator: "\n").map { Array($0.utf8) } == Self.paths.map { Array($0.path.utf8) })
        for (path, isExtended) in Self.paths {
            var bytes: [UInt8] = []
            header(path).append(to: &bytes)
            #expect((bytes.count > TarHeader.blockSize) == isExtended, "\(path)")
            #expect(bytes.count % TarHeader.blockSize == 0)
        }
    }

    @Test("of a directory ends in a slash, even where the slash is one byte too many")
    func directories() throws {
        let short = String(Self.hundred.dropLast())
        let paths = ["d", short, Self.hundred, "d/" + short]
        let stream = try write(paths.map { header($0, .directory, mode: 0o555) })
        let listing = try shell(#"tar -tf "$0""#, stream.string)
        #expect(listing == paths.map { $0 + "/\n" }.joined())
        #expect(try python(stream).map { $0[1] + $0[2] } == paths.map { _ in "5555" })
    }

    @Test("says kind, mode, owner, time and link as GNU tar lists them")
    func fields() throws {
        let stream = try write([
            header("f", mode: 0o444, time: 4_102_444_800),
            header("x", mode: 0o755, time: 315_532_800, owner: FileOwner(user: 1000, group: 100)),
            header("d", .directory, mode: 0o733, owner: FileOwner(user: 2_097_151, group: 2_097_152)),
            header("l", .link(to: "/dev/null"), mode: 0o777),
            header("m", .link(to: String(repeating: "t", count: 101)), mode: 0o777),
            header("o", time: 1 << 33, owner: FileOwner(user: 4_294_967_294, group: 0)),
        ])
        let script = #"TZ=UTC tar --numeric-owner --full-time -tvf "$0" | tr -s ' '"#
        #expect(
            try shell(script, stream.string).split(separator: "\n") == [
                "-r--r--r-- 0/0 0 2100-01-01 00:00:00 f",
                "-rwxr-xr-x 1000/100 0 1980-01-01 00:00:00 x",
                "drwx-wx-wx 2097151/2097152 0 1970-01-01 00:00:00 d/",
                "lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 l -> /dev/null",
                "lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 m -> \(String(repeating: "t", count: 101))",
                "-rw-r--r-- 4294967294/0 0 2242-03-16 12:56:32 o",
            ]
        )
    }

    @Test("holds sizes up to 8 GiB, and longer ones in an extended header")
    func sizes() throws {
        let path = bench.path("sparse.tar")
        let sizes = [1, 512, 513, (1 << 33) - 1, 1 << 33, 9_999_999_999]
        let file = try FileDescriptor.open(path, .writeOnly, options: .create, permissions: [.ownerReadWrite])
        defer { try? file.close() }
        var offset: Int64 = 0
        for (index, size) in sizes.enumerated() {
            var bytes: [UInt8] = []
            let header = header("f\(index)", .file(size))
            header.append(to: &bytes)
            #expect((bytes.count > TarHeader.blockSize) == (size >= 1 << 33))
            _ = try file.writeAll(toAbsoluteOffset: offset, bytes)
            offset += Int64(bytes.count + size + TarHeader.padding(for: size))
        }
        _ = try file.writeAll(toAbsoluteOffset: offset, TarHeader.end)
        let listing = try shell(#"tar -tvf "$0" | awk '{ print $3 }'"#, path.string)
        #expect(listing.split(separator: "\n").map(String.init) == sizes.map(String.init))
        #expect(try python(path).map { $0[5] } == sizes.map(String.init))
    }
}
