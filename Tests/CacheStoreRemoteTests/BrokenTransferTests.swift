import CacheStore
import Foundation
import SystemPackage
import Testing

@testable import CacheStoreRemote

/// Pushes and pulls during which a connection breaks, at each request in turn.
@Suite struct BrokenTransferTests {
    /// Options with few tries: whoever breaks for good needs no more.
    private var options: RemoteOptions {
        var options = quickOptions()
        options.tries = 3
        // Nothing stalls here but a machine that is busy.
        options.stallTimeout = .seconds(60)
        options.uploadByteCount = 100_000
        options.progressByteCount = 10_000
        return options
    }

    /// Breaks for good, or once, without an answer or with the answer lost.
    private static func rules(_ number: Int) -> [(isFinal: Bool, rule: Rule)] {
        ["drop", "lost_answer"].flatMap { action in
            [0, 1].map { count in (count == 0, ["action": action, "nth": number, "count": count]) }
        }
    }

    /// Calls `body` with growing numbers until it returns `false`.
    private func forEachRequest(_ body: (Int) async throws -> Bool) async throws {
        var number = 1
        while try await body(number) { number += 1 }
        // The test must have broken something.
        #expect(number > 5)
    }

    @Test(arguments: [false, true])
    func aPushThatBreaksLeavesTheOldArtifactOrTheNewOne(_ isOnto: Bool) async throws {
        let releases = try await Releases(seed: 20, count: 2)
        let (old, new) = (releases.archives[0], releases.archives[1])
        let proxy = try await Rig.running().proxy("registry")
        try await forEachRequest { number in
            var struck = false
            for (isFinal, rule) in Self.rules(number) {
                try await Shelf.with(releases, options) { shelf in
                    try await shelf.push([old], as: "t")
                    let before = try await shelf.manifest("t").digest
                    try await proxy.begin([rule])
                    var digest: ObjectID?
                    do {
                        let broken = shelf.behind(proxy)
                        digest = try await broken.push([new], as: "t", onto: isOnto ? "t" : nil).digest
                    } catch let error as CacheStoreError {
                        #expect(error.code == .network, "\(rule): \(error)")
                        let log = try await proxy.log().suffix(12).map {
                            "\($0.method) \($0.path) \($0.status ?? 0) \($0.action ?? "")"
                        }
                        #expect(isFinal, "\(rule): \(error)\n\(log.joined(separator: "\n"))")
                        #expect("\(error)".contains("(tried 3 times)"), "\(error)")
                    }
                    if try await proxy.log().contains(where: { $0.action != nil }) { struck = true }
                    let after = try await shelf.manifest("t").digest
                    if let digest { #expect(after == digest) }
                    try await shelf.expect("t", is: after == before ? old : new)
                    // The same again, without breaks, completes it.
                    if digest == nil {
                        try await shelf.push([new], as: "t", onto: isOnto ? "t" : nil)
                        try await shelf.expect("t", is: new)
                    }
                }
            }
            return struck
        }
    }

    @Test(arguments: [false, true])
    func aPullThatBreaksLeavesNothing(_ isOnto: Bool) async throws {
        try await Shelf.with(Releases(seed: 21, count: 2), options) { shelf in
            let paths = shelf.releases.archives
            try await shelf.push([paths[0]], as: "t")
            try await shelf.push([paths[1]], as: "t", onto: isOnto ? "t" : nil)
            let proxy = try await Rig.running().proxy("registry")
            try await forEachRequest { number in
                var struck = false
                for (isFinal, rule) in Self.rules(number) {
                    try await proxy.begin([rule])
                    let directory = shelf.releases.place("pull")
                    try FileManager.default.createDirectory(
                        atPath: directory.string,
                        withIntermediateDirectories: false
                    )
                    let path = directory.appending("new.castore")
                    let broken = shelf.behind(proxy)
                    do {
                        try await Pull().run(
                            .registry(broken.address("t")),
                            from: broken.archives,
                            to: path
                        )
                        #expect(try path.content == paths[1].content)
                    } catch let error as CacheStoreError {
                        #expect(error.code == .network, "\(rule): \(error)")
                        #expect(isFinal, "\(rule): \(error)")
                        #expect(!"\(error)".contains("damage"), "\(error)")
                        #expect(directory.names.isEmpty)
                    }
                    if try await proxy.log().contains(where: { $0.action != nil }) { struck = true }
                }
                return struck
            }
        }
    }

    @Test(arguments: [false, true])
    func aRestoreThatBreaksLeavesOnlyWholeFiles(_ isOnto: Bool) async throws {
        try await Shelf.with(Releases(seed: 22, count: 2), options) { shelf in
            let paths = shelf.releases.archives
            try await shelf.push([paths[0]], as: "t")
            try await shelf.push([paths[1]], as: "t", onto: isOnto ? "t" : nil)
            let expected = shelf.releases.place("expected")
            try await Restore().run(
                paths[1],
                into: GoCaches(buildCache: expected, moduleCache: nil)
            )
            let whole = try Self.files(expected)
            #expect(whole.count > 100)
            let proxy = try await Rig.running().proxy("registry")
            try await forEachRequest { number in
                var struck = false
                for (isFinal, rule) in Self.rules(number) {
                    try await proxy.begin([rule])
                    let broken = shelf.behind(proxy)
                    let cache = shelf.releases.place("cache")
                    let caches = GoCaches(buildCache: cache, moduleCache: nil)
                    var isWhole = false
                    do {
                        try await Restore().run(broken.open("t"), into: caches)
                        isWhole = true
                    } catch let error as CacheStoreError {
                        #expect(error.code == .network, "\(rule): \(error)")
                        #expect(isFinal, "\(rule): \(error)")
                        #expect(!"\(error)".contains("damage"), "\(error)")
                    }
                    let found = try Self.files(cache)
                    for (name, bytes) in found { #expect(whole[name] == bytes, "\(name)") }
                    if !isWhole { try await Restore().run(shelf.open("t"), into: caches) }
                    #expect(try Self.files(cache) == whole)
                    if try await proxy.log().contains(where: { $0.action != nil }) { struck = true }
                }
                return struck
            }
        }
    }

    /// Returns the entries of a build cache by their names.
    private static func files(_ cache: FilePath) throws -> [String: Data] {
        var result: [String: Data] = [:]
        for directory in cache.names where directory.count == 2 {
            for name in cache.appending(directory).names {
                result[name] = try cache.appending(directory).appending(name).content
            }
        }
        return result
    }
}
