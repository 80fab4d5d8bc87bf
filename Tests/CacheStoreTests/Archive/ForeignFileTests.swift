import SystemPackage
import Testing

@testable import CacheStore

/// Tests of the names for what lies under an archive's name instead of an archive.
@Suite("A file that is not an archive")
struct ForeignFileTests {
    @Test(
        "is called what it is",
        arguments: [
            ("", ForeignFile.empty, "empty"),
            ("\0\0\0", .zeros, "zeros"),
            ("<!DOCTYPE html><html>", .html, "server"), ("\u{FEFF}\n <HTML>", .html, "server"),
            ("<?xml version='1.0'?><Error><Code>AccessDenied", .html, "server"),
            ("{\"message\":\"Not Found\"}", .text, "server"), ("404: Not Found\n", .text, "server"),
            ("version https://git-lfs.github.com/spec/v1\noid sha256:0", .gitPointer, "Git LFS"),
            ("PK\u{3}\u{4}", .zip, "zip"), ("PK\u{5}\u{6}", .zip, "zip"),
            ("SQLite format 3\0", .database, "SQLite"), ("\u{7F}ELF", .program, "program"),
            ("\u{1}\u{2}", .unknown, "not an archive"),
        ]
    )
    func kinds(start: String, kind: ForeignFile, word: String) {
        #expect(ForeignFile(start: Array(start.utf8)) == kind)
        #expect(kind.finding.message.contains(word))
    }

    @Test(
        "made by a real program is called what it is",
        arguments: [
            ("gzip -c data > out", ForeignFile.gzip), ("zstd -q data -o out", .zstd),
            ("xz -c data > out", .xz), ("tar -cf out data", .tar), ("tar --format=ustar -cf out data", .tar),
        ]
    )
    func programs(command: String, kind: ForeignFile) throws {
        let bench = try Workbench()
        try Files.write(Array("content\n".utf8), to: bench.path("data"))
        _ = try shell("cd \"$0\" && \(command)", bench.path("data").removingLastComponent().string)
        let bytes = try Files.bytes(bench.path("out"))
        #expect(ForeignFile(start: Array(bytes.prefix(ForeignFile.length))) == kind)
    }

    @Test("keeps its name in the error of the reader, with a remedy that fits")
    func errors() async throws {
        let bench = try Workbench()
        let path = try await HostileArchive(bench: bench).sound(to: "tiny")
        let whole = try Files.bytes(path)
        func error(_ bytes: [UInt8]) async throws -> CacheStoreError? {
            try Files.write(bytes, to: bench.path("file"))
            return await failure { _ = try Archive(opening: bench.path("file")) }
        }
        #expect(try await error(Array("<html>".utf8))?.remedy == .readAnswer)
        #expect(try await error([])?.message.hasPrefix("the file is empty") == true)
        #expect(try await error(Array(whole.dropLast()))?.message.contains("cut short") == true)
        let headless = try await error(Array(whole.dropFirst(whole.count / 2)))
        #expect(headless?.code == .corruptArchive)
        #expect(headless?.message.contains("missing") == true)
        #expect(headless?.remedy == .recoverIndex)
    }
}
