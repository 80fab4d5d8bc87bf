import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests that compare images of random archives with restores of the same archives.
@Suite("An image of an archive")
struct LayersTests {
    private let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Returns an archive of jobs with outputs of all sizes, executables, stored zips and checksum files.
    private func union(seed: UInt64, labels: [String] = ["a", "b"]) async throws -> FilePath {
        let caches = try RandomCaches(seed: seed, jobs: labels.count, pairs: 210)
        var packs: [FilePath] = []
        for (label, model) in zip(labels, caches.jobs) {
            packs.append(try await bench.pack(model, as: label, to: "pack of \(label)").path)
        }
        _ = try await Union().run(packs, to: bench.path("all"))
        return bench.path("all")
    }

    /// Returns everything below a directory in which an image and a restore must agree.
    ///
    /// Both agree in kind, mode and content, and for entries of GOCACHE in the time too. Only the time in
    /// `trim.txt` differs, because a restore takes that time from the clock.
    private func tree(_ root: FilePath) throws -> [String: String] {
        try TreeSnapshot(of: root).entries.reduce(into: [:]) { result, entry in
            let (path, status) = entry
            // Everything in one of the 256 directories is an entry, or the program in an entry.
            let isEntry = path.hasPrefix("build/") && path.pathElements.count > 2
            let time = isEntry ? "\(status.modified)" : ""
            let content = path == "build/trim.txt" ? "" : "\(status.id.map(\.description) ?? "")"
            result[path] = "\(status.kind) \(String(status.mode, radix: 8)) \(time) \(content)"
        }
    }

    /// Returns the ``tree(_:)`` of a restore, with the modes of GOMODCACHE that an image gives to every
    /// user.
    private func restored(_ name: String, _ profile: CacheProfile = .image) throws -> [String: String] {
        var result = try tree(bench.path(name))
        for (path, text) in result where path == "mod" || path.hasPrefix("mod/") {
            guard path.hasPrefix("mod/cache") || !path.contains("@") else { continue }
            let isDirectory = text.hasPrefix("directory ")
            let mode = isDirectory ? profile.moduleDirectoryMode : profile.moduleFileMode
            var words = text.split(separator: " ", omittingEmptySubsequences: false)
            words[1] = Substring(String(mode, radix: 8))
            result[path] = words.joined(separator: " ")
        }
        return result
    }

    /// Unpacks an image with caches at `/caches/build` and `/caches/mod`, and returns their ``tree(_:)``.
    private func unpack(_ layout: ImageLayout, to name: String) throws -> [String: String] {
        try layout.unpack(to: bench.path(name))
        return try tree(bench.path("\(name)/caches"))
    }

    private func place(_ options: inout Layers.Options) {
        options.caches = GoCaches(buildCache: "/caches/build", moduleCache: "/caches/mod")
    }

    @Test(
        "holds the very files that a restore makes, whatever the compression and the cut",
        arguments: [(CacheProfile.image, false), (.image, true), (.readonly, false)]
    )
    func sameAsRestore(profile: CacheProfile, splits: Bool) async throws {
        let archive = try await union(seed: 301)
        try await bench.restore(archive, to: "restored") { $0.profile = profile }
        let expected = try restored("restored", profile)
        #expect(expected.count > 600)
        for compression in Layers.Options.Compression.allCases {
            let image = try await bench.image(archive, to: "image in \(compression)") {
                place(&$0)
                ($0.profile, $0.compression, $0.splits) = (profile, compression, splits)
            }
            try image.layout.check()
            let found = try unpack(image.layout, to: "unpacked \(compression)")
            #expect(found.filter { expected[$0.key] != $0.value }.isEmpty)
            #expect(expected.filter { found[$0.key] == nil }.isEmpty)
        }
    }

    /// Returns an archive with a large tree and a large output, both made in several parts.
    ///
    /// The files of the tree begin and end, and some are empty, at many places in the tree's chunks.
    private func large(
        seed: UInt64,
        output: Int = 11_000_000,
        file: Int = 9_000_000
    ) async throws -> FilePath {
        var random = SeededBytes(seed: seed)
        var model = CacheModel()
        model.addPair("large", random.bytes(output), executable: "tool")
        model.addPair("small", random.bytes(1000))
        var files = [
            ("go.mod", Array("module example.com/m\n".utf8), false),
            ("a/b/c/large", random.bytes(file), true),
        ]
        for number in 0..<90 {
            let size = number % 3 == 0 ? 0 : Int(random.next() % 120_000)
            files.append(("z\(number % 7)/\(number % 4)/\(number)", random.bytes(size), number % 5 == 0))
        }
        files.append(("z9", [], false))
        try model.addModule(CacheModel.Module(path: "example.com/m", version: "v1.0.0", files: files))
        return try await bench.pack(model, to: "large").path
    }

    @Test("of large trees and outputs, which are made in parts, holds the very files that a restore makes")
    func pieces() async throws {
        let archive = try await large(seed: 311)
        let set = try bench.contents(archive).set
        let plan = LayerPlan(set, caches: bench.caches("any"))
        let parts = plan.layers.flatMap { plan.parts(of: $0) { $0.size >= LayerMaker.largeSize } }
        let trees = parts.count { if case .tree = $0.part { true } else { false } }
        let outputs = parts.count { if case .output = $0.part { true } else { false } }
        #expect(trees > 1 && outputs > 1, "nothing is made in parts")
        try await bench.restore(archive, to: "restored")
        let expected = try restored("restored")
        for (compression, jobs) in [(Layers.Options.Compression.zstd, 1), (.zstd, 5), (.gzip, 3)] {
            let name = "\(compression) \(jobs)"
            let image = try await bench.image(archive, to: "image \(name)") {
                place(&$0)
                ($0.compression, $0.jobs) = (compression, jobs)
            }
            try image.layout.check()
            #expect(try unpack(image.layout, to: "unpacked \(name)") == expected)
        }
        let blobs = try ["1", "5"].map { try ImageLayout(bench.path("image zstd \($0)")).blobs }
        #expect(blobs[0] == blobs[1])
    }

    @Test(
        "is not made of a tree or output that is wrong as a whole though its chunks are sound",
        arguments: [(11_000_000, 9_000_000, true), (5_000_000, 100_000, false)]
    )
    func wrongWhole(output: Int, file: Int, isInParts: Bool) async throws {
        let archive = try await large(seed: 312, output: output, file: file)
        let hash = "h1:" + String(repeating: "A", count: 43) + "="
        let hostile = HostileArchive(bench: bench)
        let set = try bench.contents(archive).set
        let large = try #require(set.outputs.firstIndex { $0.size == output })
        #expect(set.outputs[large].chunks.count > 1)
        #expect((output > FormatLimits.chunkSize) == isInParts)
        #expect((set.trees[0].size > FormatLimits.chunkSize) == isInParts)
        var id = [UInt8](set.outputs[large].id.bytes)
        id[31] ^= 1
        let digest = id.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        for (sql, member) in [
            (
                "UPDATE tree SET h1 = zeroblob(32); "
                    + "UPDATE download SET value = CAST('\(hash)' AS BLOB) WHERE kind = 'ziphash'",
                "tree example.com/m@v1.0.0"
            ),
            ("UPDATE output SET digest = x'\(digest)' WHERE id = \(large + 1)", "output \(digest)"),
        ] {
            let wrong = try hostile.writeDigested(from: archive, sql: sql, to: "wrong")
            for jobs in [1, 4] {
                let error = await failure { try await bench.image(wrong, to: "image") { $0.jobs = jobs } }
                #expect(error?.code == .corruptArchive)
                #expect(error?.member == member)
                #expect(error?.path == wrong)
            }
        }
        #expect(!Files.exists(bench.path("image")))
    }

    @Test("of some sources holds what a restore of them makes")
    func selection() async throws {
        let archive = try await union(seed: 302, labels: ["a", "b", "c"])
        for only in [["a"], ["b", "c"]] {
            try await bench.restore(archive, to: "restored \(only)") { $0.only = only }
            let image = try await bench.image(archive, to: "image \(only)") {
                place(&$0)
                ($0.only, $0.splits) = (only, true)
            }
            let expected = try restored("restored \(only)")
            #expect(try unpack(image.layout, to: "unpacked \(only)") == expected)
        }
    }

    @Test("has the same bytes with any number of threads")
    func determinism() async throws {
        let archive = try await union(seed: 303)
        for splits in [false, true] {
            let first = try await bench.image(archive, to: "1 \(splits)") {
                ($0.jobs, $0.splits) = (1, splits)
            }
            for jobs in [2, 7] {
                let other = try await bench.image(archive, to: "\(jobs) \(splits)") {
                    ($0.jobs, $0.splits) = (jobs, splits)
                }
                #expect(other.report == first.report)
                #expect(try other.layout.blobs == first.layout.blobs)
                let indexes = try [first, other].map { try Files.id($0.layout.path.appending("index.json")) }
                #expect(indexes[0] == indexes[1])
            }
        }
    }

    @Test("takes frames of large outputs as they are, and another compression gives the same tar streams")
    func splicing() async throws {
        let archive = try await union(seed: 304)
        let zstd = try await bench.image(archive, to: "zstd")
        let gzip = try await bench.image(archive, to: "gzip") { $0.compression = .gzip }
        #expect(zstd.report.layers.map(\.splicedBytes)[0] == 0, "GOMODCACHE has no outputs")
        #expect(zstd.report.layers.map(\.splicedBytes)[1] > LayerMaker.largeSize)
        #expect(gzip.report.layers.allSatisfy { $0.splicedBytes == 0 })
        #expect(zstd.layout.diffIDs == gzip.layout.diffIDs)
        #expect(Set(zstd.layout.digests).isDisjoint(with: gzip.layout.digests))
        let frames = try bench.contents(archive).set
        let large = frames.outputs.filter { $0.size >= LayerMaker.largeSize }
        let blob = try Files.bytes(
            zstd.layout.path.appending("blobs/sha256").appending("\(zstd.report.layers[1].digest)")
        )
        let bytes = try Files.bytes(archive)
        for chunk in large.flatMap(\.chunks.numbers).map({ frames.chunks[$0] }) {
            let frame = Data(bytes[chunk.offset..<chunk.offset + chunk.storedBytes])
            #expect(Data(blob).range(of: frame) != nil, "the frame of \(chunk.id) is not in the layer")
        }
    }

    @Test("leaves a cache out, and gives its files an owner")
    func parts() async throws {
        let archive = try await union(seed: 305)
        for (caches, name) in [
            (GoCaches(buildCache: "/x/build", moduleCache: nil), "build"),
            (GoCaches(buildCache: nil, moduleCache: "/x/mod"), "mod"),
        ] {
            let image = try await bench.image(archive, to: "only \(name)") {
                $0.caches = caches
                $0.owner = FileOwner(user: 1234, group: 56)
            }
            #expect(image.report.layers.count == 1)
            let path = image.layout.path.appending("blobs/sha256")
                .appending("\(image.report.layers[0].digest)").string
            let listing = try shell(#"zstd -dcq <"$0" | tar --numeric-owner -tv"#, path)
            let lines = listing.split(separator: "\n")
            // The directory above the caches keeps its own owner.
            #expect(lines.filter { !$0.contains(" 1234/56 ") }.map { $0.hasSuffix(" x/") } == [true])
            #expect(lines.allSatisfy { $0.hasSuffix(" x/") || $0.contains(" x/\(name)/") })
            #expect(image.layout.environment.count == 1)
        }
    }

    // MARK: - Documents

    @Test("names platform, environment, tag and archive")
    func documents() async throws {
        let archive = try await union(seed: 306, labels: ["a", "b", "c"])
        let image = try await bench.image(archive, to: "image") {
            $0.tag = "v1.2"
            $0.only = ["b", "c"]
        }
        #expect(image.layout.configuration["architecture"] as? String == "amd64")
        #expect(image.layout.configuration["os"] as? String == "linux")
        #expect(image.layout.environment == ["GOCACHE=/var/cache/go-build", "GOMODCACHE=/var/cache/go-mod"])
        let entry = try #require((image.layout.index["manifests"] as? [[String: Any]])?.first)
        let name = (entry["annotations"] as? [String: String])?["org.opencontainers.image.ref.name"]
        #expect(name == "v1.2")
        let annotations = image.layout.manifest["annotations"] as? [String: String]
        // An image of some sources does not claim the digest of all.
        let chosen = try await bench.restore(archive, to: "chosen") { $0.only = ["b", "c"] }.report
        #expect(annotations?["cachestore.archive.digest"] == "sha256:\(chosen.digest)")
        #expect(chosen.digest != chosen.archiveDigest)
        #expect(annotations?["cachestore.sources"] == "b,c")
        let types = image.layout.layers.compactMap { $0["mediaType"] as? String }
        #expect(Set(types) == ["application/vnd.oci.image.layer.v1.tar+zstd"])
        let bare = try await bench.image(archive, to: "bare") { $0.setsEnvironment = false }
        #expect(bare.layout.environment == [])
        #expect(bare.layout.diffIDs.count == 2)
    }

    @Test("is for the architecture of its sources, and asks where they do not agree")
    func architecture() async throws {
        let model = try RandomCaches(seed: 307, jobs: 1, pairs: 10).jobs[0]
        func pack(_ label: String, _ variables: [String: String]) async throws -> FilePath {
            try await bench.pack(model, as: label, to: label) {
                $0.environment = GoEnvironment(variables: variables)
            }.path
        }
        let arm = try await pack("arm", ["GOARCH": "arm", "GOARM": "7,softfloat"])
        let other = try await pack("other", ["GOARCH": "arm64"])
        let silent = try await pack("silent", [:])
        let image = try await bench.image(arm, to: "image for arm") { $0.architecture = nil }
        #expect(image.layout.configuration["architecture"] as? String == "arm")
        #expect(image.layout.configuration["variant"] as? String == "v7")
        let both = try await bench.unite(arm, other, to: "both").path
        for (archive, words) in [(both, "arm, arm64"), (silent, "does not say")] {
            let error = await failure {
                try await bench.image(archive, to: "none") { $0.architecture = nil }
            }
            #expect(error?.code == .badArgument)
            #expect(error?.message.contains(words) == true)
            #expect(error?.remedy == .nameArchitecture)
        }
        #expect(try !bench.names.contains("none"))
    }

    // MARK: - The output

    @Test("replaces a layout only when told to, and never anything else")
    func overwriting() async throws {
        let model = try RandomCaches(seed: 308, jobs: 1, pairs: 20).jobs[0]
        let archive = try await bench.pack(model, to: "pack").path
        try await bench.image(archive, to: "image")
        let before = try ImageLayout(bench.path("image")).blobs
        let refused = await failure { try await bench.image(archive, to: "image") { $0.tag = "x" } }
        #expect(refused?.code == .exists)
        #expect(try ImageLayout(bench.path("image")).blobs == before)
        try await bench.image(archive, to: "image") { ($0.overwrite, $0.compression) = (true, .gzip) }
        #expect(try ImageLayout(bench.path("image")).blobs != before)
        try Files.write([1], to: bench.path("precious/file"))
        for name in ["precious", "pack"] {
            let error = await failure { try await bench.image(archive, to: name) { $0.overwrite = true } }
            #expect(error?.code == .exists)
            #expect(error?.path?.lastComponent?.string == name)
        }
        #expect(try Files.bytes(bench.path("precious/file")) == [1])
        #expect(try bench.names == ["caches of pack", "image", "pack", "precious"])
    }

    @Test("of a damaged archive is not made: the error names the member, and nothing is left")
    func damage() async throws {
        let archive = try await union(seed: 309)
        let whole = try Files.bytes(archive)
        let set = try bench.contents(archive).set
        let tree = try #require(set.trees.first { !$0.chunks.numbers.isEmpty })
        let small = try #require(set.outputs.first { $0.size > 0 && $0.size < LayerMaker.largeSize })
        let large = try #require(set.outputs.first { $0.size >= LayerMaker.largeSize })
        let before = try bench.names
        for (chunks, member) in [
            (tree.chunks, "tree \(tree.module.text)"), (small.chunks, "output \(small.id)"),
            (large.chunks, "output \(large.id)"),
        ] {
            let chunk = set.chunks[chunks.numbers[0]]
            var bytes = whole
            bytes[chunk.offset + chunk.storedBytes / 2] ^= 1
            try Files.write(bytes, to: bench.path("damaged"))
            for jobs in [1, 4] {
                let error = await failure {
                    try await bench.image(bench.path("damaged"), to: "image") { $0.jobs = jobs }
                }
                #expect(error?.code == .corruptArchive)
                #expect(error?.member == member)
                #expect(error?.path == bench.path("damaged"))
            }
        }
        #expect(try bench.names.filter { $0 != "damaged" } == before)
    }

    @Test("is refused for bad options")
    func arguments() async throws {
        let model = try RandomCaches(seed: 310, jobs: 1, pairs: 10).jobs[0]
        let archive = try await bench.pack(model, to: "pack").path
        let changes: [(inout Layers.Options) -> Void] = [
            { $0.caches = GoCaches(buildCache: nil, moduleCache: nil) },
            { $0.caches.buildCache = "relative" }, { $0.caches.buildCache = "/" },
            { $0.caches.buildCache = "/a/../b" },
            { $0.caches.buildCache = "/a/.wh.b/c" }, { $0.caches.moduleCache = "/.wh..wh..opq" },
            { $0.caches.buildCache = FilePath("/" + String(repeating: "x", count: 256)) },
            { $0.caches.moduleCache = FilePath("/" + String(repeating: "x/", count: 2050) + "x") },
            { $0.caches = GoCaches(buildCache: "/m/x.org/a@v1.0.0/b", moduleCache: "/m") },
            { $0.profile = .ci }, { $0.level = 20 }, { ($0.compression, $0.level) = (.gzip, 10) },
            { $0.owner.user = -1 }, { $0.owner.group = 1 << 32 }, { $0.tag = "" }, { $0.tag = "a b" },
            { $0.tag = "a--b" }, { $0.architecture = "" }, { $0.architecture = "arm/v7/x" },
            { $0.only = ["x"] },
        ]
        for change in changes {
            let error = await failure { try await bench.image(archive, to: "image", configure: change) }
            #expect(error?.code == .badArgument)
        }
        #expect(try bench.names == ["caches of pack", "pack"])
    }
}
