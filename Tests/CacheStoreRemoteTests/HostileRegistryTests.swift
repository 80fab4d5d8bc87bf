import CacheStore
import Foundation
import SystemPackage
import Testing

@testable import CacheStoreRemote

/// Registries and artifacts that lie.
@Suite struct HostileRegistryTests {
    /// Writes an artifact as it is under a tag.
    private func put(
        _ artifact: ArtifactManifest,
        _ blobs: [[UInt8]] = [],
        as tag: String,
        _ shelf: Shelf
    ) async throws {
        let files = blobs.map { MemoryBlob(name: "blob", bytes: $0) }
        let pairs = files.map { (ContentHasher.hash($0.bytes.span), $0 as any RemoteFile) }
        _ = try await shelf.registry.push(
            artifact,
            blobs: Dictionary(pairs) { first, _ in first },
            tags: [tag]
        )
    }

    /// Expects that a tag can be neither opened nor pulled, nor used by a push.
    private func expectRefusal(
        _ tag: String,
        _ code: CacheStoreError.Code,
        _ words: String,
        _ shelf: Shelf,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        await expectError(code, words, sourceLocation: sourceLocation) { _ = try await shelf.open(tag) }
        let directory = shelf.releases.place("refused")
        try FileManager.default.createDirectory(atPath: directory.string, withIntermediateDirectories: false)
        await expectError(code, words, sourceLocation: sourceLocation) {
            let path = directory.appending("new.castore")
            try await Pull().run(.registry(shelf.address(tag)), from: shelf.archives, to: path)
        }
        #expect(directory.names.isEmpty, sourceLocation: sourceLocation)
    }

    /// Calls `body` with a repository in which `v1` is an assembled artifact onto `v0`, and the list of its
    /// pieces.
    private func withAssembly(
        _ seed: UInt64,
        _ body: (Shelf, ArtifactManifest, ArtifactAssembly) async throws -> Void
    ) async throws {
        try await Shelf.with(Releases(seed: seed, count: 2)) { shelf in
            let paths = shelf.releases.archives
            try await shelf.push([paths[0]], as: "v0")
            let report = try await shelf.push([paths[1]], as: "v1", onto: "v0")
            #expect(report.wholeReason == nil)
            let artifact = try await shelf.manifest("v1").artifact
            let assembly = try await shelf.archives.assembly(of: artifact, in: shelf.registry, named: "v1")
            try await body(shelf, artifact, assembly)
        }
    }

    /// Writes an artifact with other pieces.
    private func put(
        _ pieces: [[Int]],
        of artifact: ArtifactManifest,
        as tag: String,
        _ shelf: Shelf
    ) async throws {
        let document = ["schema": "cachestore.assembly/1", "pieces": pieces] as [String: Any]
        let bytes = Array(try JSONSerialization.data(withJSONObject: document))
        var other = artifact
        other.assembly = .init(digest: ContentHasher.hash(bytes.span), byteCount: bytes.count)
        try await put(other, [bytes], as: tag, shelf)
    }

    @Test func anotherIndexThanTheManifestStatesIsRefused() async throws {
        try await withAssembly(30) { shelf, assembled, _ in
            let whole = try await shelf.manifest("v0").artifact
            for (artifact, layer) in [(whole, 0), (assembled, assembled.layers.count - 1)] {
                var other = artifact
                other.layers[layer].indexDigest = ContentHasher.hash([1].span)
                try await put(other, as: "other", shelf)
                try await expectRefusal("other", .corruptArchive, "another index than its manifest", shelf)
                other.layers[layer].indexDigest = nil
                try await put(other, as: "none", shelf)
                try await expectRefusal("none", .notAnArchive, "does not state the SHA-256", shelf)
            }
        }
    }

    @Test func piecesThatMakeNoArchiveAreRefused() async throws {
        try await withAssembly(31) { shelf, artifact, assembly in
            let pieces = assembly.pieces.map { [$0.layer, $0.range.lowerBound, $0.range.count] }
            #expect(pieces.count > 4)
            func changed(_ change: (inout [[Int]]) -> Void) -> [[Int]] {
                var other = pieces
                change(&other)
                return other
            }
            let layers = artifact.layers
            let lies: [(String, [[Int]], CacheStoreError.Code)] = [
                ("none of its parts", changed { $0[0][0] = layers.count }, .corruptArchive),
                ("none of its parts", changed { $0[0][1] = layers[$0[0][0]].byteCount }, .corruptArchive),
                ("none of its parts", changed { $0[0][2] = 1 << 44 }, .corruptArchive),
                ("no range of a layer", changed { $0[0][2] = -1 }, .corruptArchive),
                ("no range of a layer", changed { $0[0][1] = .max }, .corruptArchive),
                ("no range of a layer", changed { $0[0] = [0, 0] }, .corruptArchive),
                ("no range of a layer", changed { $0[0] = [] }, .corruptArchive),
                ("", [], .notAnArchive),
                ("", changed { $0.removeLast() }, .notAnArchive),
            ]
            for (number, (words, lie, code)) in lies.enumerated() {
                try await put(lie, of: artifact, as: "lie-\(number)", shelf)
                try await expectRefusal("lie-\(number)", code, words, shelf)
            }
            // Pieces that overlap, are missing or change places: the index may be right, the frames are not.
            for (number, lie) in [
                changed { $0.insert($0[0], at: 0) }, changed { $0.removeFirst() },
                changed { $0.swapAt(0, 1) },
                changed { $0[1] = [$0[0][0], $0[0][1], $0[1][2]] },
                changed { $0.reverse() },
            ].enumerated() {
                let tag = "moved-\(number)"
                try await put(lie, of: artifact, as: tag, shelf)
                await #expect(throws: CacheStoreError.self, "\(tag)") { _ = try await shelf.pull(tag) }
                let cache = shelf.releases.place("cache")
                await #expect(throws: CacheStoreError.self, "\(tag)") {
                    try await Restore().run(
                        shelf.open(tag),
                        into: GoCaches(buildCache: cache, moduleCache: nil)
                    )
                }
                try expectSound(cache)
            }
        }
    }

    /// Expects that every output of a build cache has the SHA-256 that is its name.
    private func expectSound(_ cache: FilePath) throws {
        for directory in cache.names where directory.count == 2 {
            for name in cache.appending(directory).names where name.hasSuffix("-d") {
                let bytes = Array(try cache.appending(directory).appending(name).content)
                #expect(ContentHasher.hash(bytes.span).description + "-d" == name)
            }
        }
    }

    @Test func piecesOfAnotherArchiveAreRefused() async throws {
        try await withAssembly(32) { shelf, artifact, _ in
            // All of the old archive, as one piece, under the manifest of the new one.
            let old = artifact.layers[0]
            #expect(old.kind == .archive)
            try await put([[0, 0, old.byteCount]], of: artifact, as: "other", shelf)
            try await expectRefusal("other", .corruptArchive, "another index than its manifest", shelf)
        }
    }

    @Test(.timeLimit(.minutes(3))) func aHugeNumberOfPiecesIsAnErrorAndNoFlood() async throws {
        try await withAssembly(33) { shelf, artifact, assembly in
            let rig = try await Rig.running()
            // Two bytes in turn, so that no two pieces are one.
            let pieces = (0..<200_000).map { [0, $0 % 2 * 2, 1] }
            let last = assembly.pieces[assembly.pieces.count - 1]
            let tail = [[last.layer, last.range.lowerBound, last.range.count]]
            for (tag, list) in [("many", pieces), ("many-and-tail", pieces + tail)] {
                try await put(list, of: artifact, as: tag, shelf)
                let proxy = try await rig.proxy("registry")
                await #expect(throws: CacheStoreError.self) { _ = try await shelf.behind(proxy).pull(tag) }
                #expect(try await proxy.log().count < 100)
            }
        }
    }

    @Test func aListOfPiecesThatIsNoneIsRefused() async throws {
        try await withAssembly(34) { shelf, artifact, _ in
            for (number, text) in ["", "{}", "[]", #"{"schema":"cachestore.assembly/2","pieces":[]}"#]
                .enumerated()
            {
                let bytes = Array(text.utf8)
                var other = artifact
                other.assembly = .init(digest: ContentHasher.hash(bytes.span), byteCount: bytes.count)
                try await put(other, [bytes], as: "list-\(number)", shelf)
                try await expectRefusal("list-\(number)", .corruptArchive, "list of pieces", shelf)
            }
        }
    }

    @Test func aListOfPiecesThatIsTooLongIsRefusedBeforeItIsRead() async throws {
        try await withAssembly(39) { shelf, artifact, _ in
            let assembly = try #require(artifact.assembly)
            var other = artifact
            other.assembly = .init(digest: assembly.digest, byteCount: ArtifactAssembly.longest + 1)
            try await put(other, as: "long", shelf)
            try await expectRefusal("long", .notAnArchive, "list of its pieces", shelf)
        }
    }

    /// Opens a proxy that answers with other blobs or manifests than were asked for.
    private func proxy(_ replaced: [(ObjectID, ObjectID)], _ more: Rule = [:]) async throws -> BreakingProxy {
        try await Rig.running().proxy(
            "registry",
            replaced.map { old, new in
                var rule: Rule = [
                    "action": "rewrite", "method": "GET", "pattern": "\(old)", "replacement": "\(new)",
                    "path": "\(old)", "count": 0,
                ]
                rule.merge(more) { $1 }
                return rule
            }
        )
    }

    @Test func anotherManifestThanTheDigestNamesIsRefused() async throws {
        try await Shelf.with(Releases(seed: 35, count: 2)) { shelf in
            let paths = shelf.releases.archives
            let one = try await shelf.push([paths[0]], as: "one").digest
            let two = try await shelf.push([paths[1]], as: "two").digest
            let broken = shelf.behind(try await proxy([(one, two)]))
            try await expectRefusal("sha256:\(one)", .network, "does not have the digest", broken)
            try await shelf.expect("sha256:\(one)", is: paths[0])
        }
    }

    @Test func anotherBlobThanTheDigestNamesGivesNoWrongBytes() async throws {
        try await Shelf.with(Releases(seed: 36, count: 2)) { shelf in
            let paths = shelf.releases.archives
            try await shelf.push([paths[0]], as: "one")
            let layer = try await shelf.manifest("one").artifact.layers[0]
            // The same archive with a byte changed, at any place; and a longer one.
            let bytes = Array(try paths[0].content)
            var lies: [[UInt8]] = [bytes + [0]]
            let frames = layer.frameByteCount ?? 0
            for place in [0, frames / 3, frames / 2, frames - 1, frames, frames + 40, bytes.count - 1] {
                var other = bytes
                other[place] ^= 0x55
                lies.append(other)
            }
            for lie in lies {
                let digest = ContentHasher.hash(lie.span)
                try await shelf.registry.upload(MemoryBlob(name: "lie", bytes: lie), digest: digest)
                for nth in [1, 2, 3] {
                    let broken = shelf.behind(try await proxy([(layer.digest, digest)], ["nth": nth]))
                    let path = shelf.releases.place("pulled")
                    do {
                        try await Pull().run(
                            .registry(broken.address("one")),
                            from: broken.archives,
                            to: path
                        )
                        #expect(try path.content == paths[0].content)
                    } catch let error as CacheStoreError {
                        #expect(
                            [.corruptArchive, .notAnArchive, .io, .network].contains(error.code),
                            "\(error)"
                        )
                        #expect(!FileManager.default.fileExists(atPath: path.string))
                    }
                    let cache = shelf.releases.place("cache")
                    let caches = GoCaches(buildCache: cache, moduleCache: nil)
                    let other = shelf.behind(try await proxy([(layer.digest, digest)], ["nth": nth]))
                    _ = try? await Restore().run(other.open("one"), into: caches)
                    try expectSound(cache)
                }
            }
        }
    }

    @Test func aDamagedBlobFailsThePullAndTheRestore() async throws {
        try await Shelf.with(Releases(seed: 37, count: 1)) { shelf in
            try await shelf.push(shelf.releases.archives, as: "one")
            let rig = try await Rig.running()
            let proxy = try await rig.proxy(
                "registry",
                [["action": "corrupt", "path": "/blobs/", "count": 0]]
            )
            try await expectRefusal("one", .notAnArchive, "", shelf.behind(proxy))
        }
    }

    @Test func aPushOntoFramesInATrailerSendsThemAnew() async throws {
        try await withAssembly(38) { shelf, artifact, assembly in
            // An artifact whose layers all pass for trailers is odd, and is read; nothing of it is kept.
            var odd = artifact
            for index in odd.layers.indices.dropLast() { odd.layers[index].kind = .trailer }
            odd.layers[0].indexDigest = odd.layers[odd.layers.count - 1].indexDigest
            try await put(odd, as: "odd", shelf)
            try await shelf.expect("odd", is: shelf.releases.archives[1])
            try await shelf.push([shelf.releases.archives[1]], as: "new", onto: "odd")
            try await shelf.expect("new", is: shelf.releases.archives[1])
        }
    }
}
