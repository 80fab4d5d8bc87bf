import ArgumentParser
import CacheStore
import FoundationEssentials
import Glibc
import SystemPackage
import Testing

@testable import cachectl

@Suite("A cache that no build has made")
struct CachePlacesTests {
    private let top: FilePath

    init() throws {
        top = FilePath(FileManager.default.temporaryDirectory.path).appending("places-\(UUID().uuidString)")
        try FileManager.default.createDirectory(atPath: top.string, withIntermediateDirectories: false)
    }

    private func path(_ name: String) -> FilePath { top.appending(name) }

    private func make(_ name: String) throws -> FilePath {
        try FileManager.default.createDirectory(atPath: path(name).string, withIntermediateDirectories: false)
        return path(name)
    }

    private func parse(_ line: String) throws -> CacheDirectories {
        try CacheDirectories.parse(line.split(separator: " ").map(String.init))
    }

    private func advised(_ body: () throws -> Void) -> AdvisedError? {
        defer { try? FileManager.default.removeItem(atPath: top.string) }
        return #expect(throws: AdvisedError.self) { try body() }
    }

    @Test("is empty if Go or a variable names it, with a warning of what follows")
    func named() throws {
        defer { try? FileManager.default.removeItem(atPath: top.string) }
        let build = try make("build")
        let found = try parse("").existing(GoCaches(buildCache: build, moduleCache: path("mod")))
        #expect(found.caches == GoCaches(buildCache: build, moduleCache: nil))
        #expect(found.warnings.map(\.code) == [.emptyCache])
        // A job whose checkout needs no modules never makes the directory.
        let quiet = try parse("").existing(
            GoCaches(buildCache: build, moduleCache: path("mod")),
            mayNeedModules: false
        )
        #expect(quiet.caches == found.caches && quiet.warnings == [])
        #expect(
            found.warnings[0].message.contains("GOMODCACHE") && found.warnings[0].message.contains("download")
        )
        let other = try parse("").existing(GoCaches(buildCache: path("none"), moduleCache: build))
        #expect(other.caches == GoCaches(buildCache: nil, moduleCache: build))
        #expect(
            other.warnings[0].message.contains("GOCACHE") && other.warnings[0].message.contains("compile")
        )
    }

    @Test("is an error if an option names it", arguments: ["gocache", "gomodcache"])
    func option(name: String) throws {
        let there = try make("there")
        let isBuild = name == "gocache"
        let caches = GoCaches(
            buildCache: isBuild ? path("x") : there,
            moduleCache: isBuild ? there : path("x")
        )
        let error = advised { _ = try parse("--\(name) x").existing(caches) }
        #expect(error?.error.code == .notFound && error?.error.path == path("x"))
        #expect(error?.advice.contains("--no-\(name)") == true)
    }

    @Test("is an error if the other one is left out or not there, too", arguments: [true, false])
    func nothing(isLeftOut: Bool) throws {
        let caches = GoCaches(buildCache: isLeftOut ? nil : path("x"), moduleCache: path("y"))
        let error = advised { _ = try parse("").existing(caches) }
        #expect(error?.error.code == .notFound)
        #expect(error?.error.message.contains("nothing to pack") == true)
        #expect(error?.error.message.contains(path("y").string) == true)
    }

    @Test("is an error if something else stands there", arguments: ["file", "link", "fifo"])
    func obstacle(kind: String) throws {
        let place = path("place")
        switch kind {
        case "file": try Data("x".utf8).write(to: URL(filePath: place.string))
        case "link":
            try FileManager.default.createSymbolicLink(
                atPath: place.string,
                withDestinationPath: path("nowhere").string
            )
        default: #expect(unsafe mkfifo(place.string, 0o600) == 0)
        }
        let caches = GoCaches(buildCache: nil, moduleCache: place)
        let error = advised {
            #expect(throws: AdvisedError.self) { try parse("").check(caches) }
            _ = try parse("").existing(caches)
        }
        #expect(error?.error.path == place && error?.advice.contains("--gomodcache DIR") == true)
    }

    @Test("is a link to a directory, which is a directory")
    func link() throws {
        defer { try? FileManager.default.removeItem(atPath: top.string) }
        let real = try make("real")
        try FileManager.default.createSymbolicLink(atPath: path("l").string, withDestinationPath: real.string)
        let found = try parse("").existing(GoCaches(buildCache: path("l"), moduleCache: nil))
        #expect(found.caches.buildCache == path("l") && found.warnings.isEmpty)
    }
}
