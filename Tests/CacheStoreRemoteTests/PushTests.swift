import CacheStore
import Foundation
import SystemPackage
import Testing

@testable import CacheStoreRemote

@Suite struct PushTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func whatIsPulledIsWhatWasPushed(_ seed: UInt64) async throws {
        try await Shelf.with(Releases(seed: seed, count: 1, outputs: 20 * Int(seed))) { shelf in
            let path = shelf.releases.archives[0]
            let report = try await shelf.push([path], as: "t")
            #expect(report.sentBytes == report.allBytes)
            #expect(report.archiveBytes == (try path.content.count))
            try await shelf.expect("t", is: path)
            try await shelf.expect("sha256:\(report.digest)", is: path)
        }
    }

    @Test func theSameArchivesGiveTheSameManifestAndAreNotSentAgain() async throws {
        try await Shelf.with(Releases(seed: 4, count: 2)) { shelf in
            let paths = shelf.releases.archives
            let first = try await shelf.push(paths, as: "t")
            let again = try await shelf.push(paths, as: "u") { $0.tags = ["v", "w"] }
            #expect(again.digest == first.digest)
            #expect(again.sentBytes == 0)
            #expect(again.presentBytes == first.allBytes)
            for tag in ["t", "u", "v", "w"] { #expect(try await shelf.manifest(tag).digest == first.digest) }
        }
    }

    @Test(arguments: [5, 6] as [UInt64])
    func severalArchivesAreReadAsTheirUnion(_ seed: UInt64) async throws {
        try await Shelf.with(Releases(seed: seed, count: 3, changes: 25)) { shelf in
            let paths = shelf.releases.archives
            let report = try await shelf.push(paths, as: "t")
            #expect(report.layers == 3)
            let union = shelf.releases.place("union")
            try await Union().run(paths, to: union)
            try await shelf.expect("t", is: union)
        }
    }

    @Test(arguments: [7, 8, 9] as [UInt64])
    func eachReleaseOntoTheLastIsExactlyItselfAndSendsLittleMoreThanItsNewFrames(_ seed: UInt64) async throws
    {
        try await Shelf.with(Releases(seed: seed, count: 5, outputs: 120, changes: 5)) { shelf in
            let paths = shelf.releases.archives
            try await shelf.push([paths[0]], as: "v0")
            for (number, path) in paths.enumerated().dropFirst() {
                let report = try await shelf.push([path], as: "v\(number)", onto: "v\(number - 1)")
                #expect(report.wholeReason == nil)
                let (old, new) = (try Archive(opening: paths[number - 1]), try Archive(opening: path))
                let known = Set(try await old.storedFrames().map(\.identity))
                let frames = try await new.storedFrames().filter { !known.contains($0.identity) }
                let least = frames.reduce(new.fileBytes - new.frameByteCount) { $0 + $1.range.count }
                #expect(report.sentBytes <= least * 11 / 10, "v\(number)")
                #expect(report.sentBytes < new.fileBytes / 2)
                #expect(report.sentBytes + report.presentBytes == report.allBytes)
            }
            for (number, path) in paths.enumerated() { try await shelf.expect("v\(number)", is: path) }
            // The same again sends nothing.
            let again = try await shelf.push([paths[4]], as: "again", onto: "v3")
            #expect(again.sentBytes == 0)
            #expect(try await shelf.manifest("v4").digest == again.digest)
        }
    }

    @Test func aReleaseOntoSeveralArchivesUsesTheFramesOfAll() async throws {
        try await Shelf.with(Releases(seed: 10, count: 3, changes: 20)) { shelf in
            let paths = shelf.releases.archives
            let union = shelf.releases.place("union")
            try await Union().run(paths, to: union)
            try await shelf.push(paths, as: "parts")
            let report = try await shelf.push([union], as: "all", onto: "parts")
            #expect(report.wholeReason == nil)
            let archive = try Archive(opening: union)
            #expect(report.sentBytes < (archive.fileBytes - archive.frameByteCount) * 2)
            try await shelf.expect("all", is: union)
            let next = try await shelf.push([paths[2]], as: "next", onto: "all")
            #expect(next.wholeReason == nil || next.wholeReason == .deadFrames)
            try await shelf.expect("next", is: paths[2])
        }
    }

    @Test func theSameArchiveOntoItselfIsItself() async throws {
        try await Shelf.with(Releases(seed: 11, count: 1)) { shelf in
            let path = shelf.releases.archives[0]
            let first = try await shelf.push([path], as: "t")
            for _ in 0..<3 {
                let again = try await shelf.push([path], as: "t", onto: "t")
                #expect(again.digest == first.digest)
                #expect(again.sentBytes == 0)
                #expect(again.wholeReason == nil)
                try await shelf.expect("t", is: path)
            }
        }
    }

    @Test func anArchiveThatAnArtifactHasAsALayerIsThatLayerAlone() async throws {
        try await Shelf.with(Releases(seed: 18, count: 2)) { shelf in
            let paths = shelf.releases.archives
            let first = try await shelf.push([paths[0]], as: "t")
            let second = try await shelf.push([paths[1]], as: "t", onto: "t")
            #expect(second.layers > 1)
            let again = try await shelf.push([paths[1]], as: "t", onto: "t")
            #expect(again.digest == second.digest)
            #expect(again.sentBytes == 0)
            // The archive of the first release is a layer of the second one's artifact.
            let back = try await shelf.push([paths[0]], as: "t", onto: "t")
            #expect(back.digest == first.digest)
            #expect(back.sentBytes == 0)
            try await shelf.expect("t", is: paths[0])
        }
    }

    @Test func aDamagedArchiveIsNotPushed() async throws {
        let rig = try await Rig.running()
        try await Shelf.with(Releases(seed: 19, count: 2)) { shelf in
            let paths = shelf.releases.archives
            try await shelf.push([paths[0]], as: "t")
            let damaged = shelf.releases.place("damaged")
            var bytes = [UInt8](try paths[1].content)
            // A byte of the first frame, in front of all that is read to open an archive.
            bytes[100] ^= 1
            try Data(bytes).write(to: URL(filePath: damaged.string))
            let name = "\(UUID()).castore"
            try Data(bytes).write(to: URL(filePath: rig.servers.files).appending(path: name))
            let remote = try await shelf.archives.open(RemoteAddress("\(rig.servers.nginx.http)/\(name)"))
            for reference in [damaged, remote] as [any ArchiveReference] {
                for onto in [nil, .tag("t")] as [RegistryAddress.Reference?] {
                    var options = Push.Options()
                    options.onto = onto
                    await expectError(.corruptArchive, "the frame does not have its checksum") {
                        try await Push(options: options).run(
                            [reference],
                            to: shelf.address("t"),
                            client: shelf.client
                        )
                    }
                }
            }
            try await shelf.expect("t", is: paths[0])
        }
    }

    @Test func theWholeIsSentWhereThereIsNothingToUse() async throws {
        try await Shelf.with(Releases(seed: 12, count: 2, outputs: 30, changes: 30)) { shelf in
            let paths = shelf.releases.archives
            let absent = try await shelf.push([paths[0]], as: "t", onto: "none")
            #expect(absent.wholeReason == .absent)
            let other = try await shelf.push([paths[1]], as: "u", onto: "t")
            #expect(other.wholeReason == .noGain)
            for (tag, path) in [("t", paths[0]), ("u", paths[1])] {
                #expect(try await shelf.manifest(tag).artifact.layers.count == 1)
                try await shelf.expect(tag, is: path)
            }
        }
    }

    @Test func theWholeIsSentPastTheBoundOfLayers() async throws {
        try await Shelf.with(Releases(seed: 13, count: 7, outputs: 120, changes: 5)) { shelf in
            var reasons: [Push.WholeReason?] = []
            for (number, path) in shelf.releases.archives.enumerated() {
                let report = try await shelf.push([path], as: "t", onto: "t") { $0.mostLayers = 4 }
                reasons.append(report.wholeReason)
                #expect(report.layers <= 4, "\(number)")
                try await shelf.expect("t", is: path)
            }
            #expect(reasons == [.absent, nil, nil, .layers, nil, nil, .layers])
        }
    }

    @Test func theWholeIsSentWhereMostOfTheArtifactWouldBeDead() async throws {
        try await Shelf.with(Releases(seed: 14, count: 1, outputs: 120)) { shelf in
            let large = shelf.releases.archives[0]
            // The same source of numbers gives the same first outputs.
            let small = try await Releases(seed: 14, count: 1, outputs: 30)
            try await shelf.push([large], as: "t")
            let report = try await shelf.push(small.archives, as: "u", onto: "t")
            #expect(report.wholeReason == .deadFrames)
            try await shelf.expect("u", is: small.archives[0])
        }
    }

    @Test(arguments: [nil, "t"] as [String?])
    func anArchiveThatIsWrittenToMeanwhileIsNotPushed(_ onto: String?) async throws {
        let rig = try await Rig.running()
        let proxy = try await rig.proxy("registry")
        try await Shelf.with(Releases(seed: 20, count: 2), host: proxy.host) { shelf in
            let paths = shelf.releases.archives
            try await shelf.push([paths[0]], as: "t")
            // While the old artifact, or the first blob, is looked for.
            let method = onto == nil ? "HEAD" : "GET"
            let path = onto == nil ? "/blobs/" : "/manifests/t"
            try await proxy.begin([
                ["action": "stall", "seconds": 2, "method": method, "path": path, "nth": onto == nil ? 2 : 1]
            ])
            let push = Task { try await shelf.push([paths[1]], as: "u", onto: onto) }
            while try await !proxy.log().contains(where: { $0.path.contains(path) }) {
                try await Task.sleep(for: .milliseconds(20))
            }
            var bytes = [UInt8](try paths[1].content)
            for index in stride(from: 100, to: bytes.count, by: 500) { bytes[index] ^= 1 }
            let file = try FileHandle(forWritingTo: URL(filePath: paths[1].string))
            try file.write(contentsOf: Data(bytes))
            try file.close()
            await expectError(.io, "changed") { _ = try await push.value }
            await expectError(.notFound, "404") { _ = try await shelf.manifest("u") }
            try await shelf.expect("t", is: paths[0])
        }
    }

    @Test func aTagOfAnImageIsNotReplacedByArchivesNorTheOtherWayRound() async throws {
        try await Shelf.with(Releases(seed: 21, count: 1)) { shelf in
            let path = shelf.releases.archives[0]
            try await shelf.push([path], as: "archive")
            var image = LayersPush.Options()
            image.scratch = shelf.releases.directory
            image.image.architecture = "amd64"
            try await LayersPush(options: image).run(path, to: shelf.address("image"), client: shelf.client)
            let old = try await shelf.registry.manifest(.tag("image")).digest
            for tags in [["image"], ["new", "image"]] {
                await expectError(.exists, "names no archives, but application/vnd.oci.image.config.v1+json")
                {
                    try await shelf.push([path], as: tags[0]) { $0.tags = Array(tags.dropFirst()) }
                }
            }
            await expectError(.notFound, "404") { _ = try await shelf.manifest("new") }
            #expect(try await shelf.registry.manifest(.tag("image")).digest == old)
            await expectError(.exists, "names archives, and no image") {
                try await LayersPush(options: image).run(
                    path,
                    to: shelf.address("archive"),
                    client: shelf.client
                )
            }
            try await shelf.expect("archive", is: path)
        }
    }

    @Test func whatCanNotBePushedIsRefusedBeforeAnythingIsSent() async throws {
        let rig = try await Rig.running()
        let proxy = try await rig.proxy("registry")
        try await Shelf.with(Releases(seed: 15, count: 2), host: proxy.host) { shelf in
            let paths = shelf.releases.archives
            await expectError(.badArgument, "no archive") { try await shelf.push([], as: "t") }
            await expectError(.badArgument, "one archive at a time") {
                try await shelf.push(paths, as: "t", onto: "t")
            }
            await expectError(.badArgument, "only a tag can be written") {
                try await shelf.push(paths, as: "sha256:\(ContentHasher.hash([UInt8]().span))")
            }
            await expectError(.duplicateLabel, "release-0") {
                let other = try await Releases(seed: 16, count: 1)
                try await shelf.push([paths[0], other.archives[0]], as: "t")
            }
            let requests = try await proxy.log()
            #expect(requests.allSatisfy { $0.method == "GET" })
        }
    }

    @Test func anArchiveOnAServerIsReadPulledAndPushedOnward() async throws {
        let rig = try await Rig.running()
        try await Shelf.with(Releases(seed: 17, count: 2)) { shelf in
            let paths = shelf.releases.archives
            for path in paths {
                let name = "\(UUID()).castore"
                try path.content.write(to: URL(filePath: rig.servers.files).appending(path: name))
                let address = try RemoteAddress("\(rig.servers.nginx.http)/\(name)")
                let copy = shelf.releases.place("copy")
                try await Pull().run(address, from: shelf.archives, to: copy)
                #expect(try copy.content == path.content)
                let archive = try await shelf.archives.open(address)
                try await Push().run([archive], to: shelf.address("web"), client: shelf.client)
                try await shelf.expect("web", is: path)
            }
            // From a registry to a registry, without a file between.
            try await shelf.push([paths[0]], as: "v0")
            try await shelf.push([paths[1]], as: "v1", onto: "v0")
            try await Push().run([shelf.open("v1")], to: shelf.address("copy"), client: shelf.client)
            try await shelf.expect("copy", is: paths[1])
        }
    }
}
