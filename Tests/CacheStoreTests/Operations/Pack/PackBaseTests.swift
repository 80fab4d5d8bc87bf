import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of packs that hold only the members that other archives lack.
@Suite("A pack with a base")
struct PackBaseTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    @Test(
        "is the difference of the whole pack and the base, byte for byte, at any level and thread count",
        arguments: 501...504 as ClosedRange<UInt64>
    )
    func isTheDifference(seed: UInt64) async throws {
        let caches = try RandomCaches(seed: seed, jobs: 3, pairs: seed == 501 ? 250 : 60)
        let bases = try await bench.packs(Array(caches.jobs[..<2]))
        let found = try bench.write(caches.jobs[2], to: "caches")
        for count in 0...2 {
            let chosen = Array(bases[..<count])
            let level = [1, 3, 7][count]
            let whole = try await bench.pack(found, to: "whole \(count)") { $0.level = level }
            var difference = SetOptions()
            difference.overwrite = true
            let expected = bench.path("expected")
            _ = try await Difference(options: difference).run(
                whole.path,
                without: chosen,
                to: expected
            )
            for (jobs, rechecks) in [(1, false), (8, false), (8, true)] {
                let part = try await bench.pack(found, to: "part \(count) \(jobs) \(rechecks)") {
                    ($0.level, $0.jobs, $0.bases, $0.rechecks) = (level, jobs, chosen, rechecks)
                }
                #expect(try Files.id(part.path) == Files.id(expected), "\(count) bases, \(jobs) threads")
                #expect((part.report.unread.members > 0) == (count > 0 && !rechecks))
                #expect(part.report.totals.all.members > 0)
                #expect(part.report.leftOut == whole.report.leftOut)
                #expect(!part.report.warnings.contains { $0.code == .duplicateLabel })
                #expect(try await Verify().run(part.path).problems.isEmpty)
            }
        }
    }

    @Test("united with its base restores the same as the whole pack united with that base")
    func restores() async throws {
        let caches = try RandomCaches(seed: 511, pairs: 60)
        let base = try await bench.pack(caches.jobs[0], as: "main", to: "main").path
        let found = try bench.write(caches.jobs[1], to: "caches")
        let whole = try await bench.pack(found, to: "whole").path
        let part = try await bench.pack(found, to: "part") { $0.bases = [base] }.path
        let digests = try await [
            bench.unite(base, whole, to: "one").report.digest,
            bench.unite(base, part, to: "other").report.digest,
        ]
        #expect(digests[0] == digests[1])
    }

    @Test("on request also checks content that is not written, and leaves out what the whole pack leaves out")
    func damage() async throws {
        let model = try RandomCaches(seed: 521, jobs: 1, pairs: 40).jobs[0]
        let base = try await bench.pack(model, as: "main", to: "main").path
        var damaged = model
        let names = model.files.filter { $0.key.hasSuffix("-d") && $0.value.bytes.count > 100 }.keys.sorted()
        for name in names.prefix(3) { damaged.files[name]?.bytes[50] ^= 1 }
        damaged.addPair("new", [1, 2, 3])
        let found = try bench.write(damaged, to: "caches")
        let whole = try await bench.pack(found, to: "whole")
        let part = try await bench.pack(found, to: "part") { ($0.bases, $0.rechecks) = ([base], true) }
        #expect(whole.report.leftOut.count { $0.reason == .wrongContent } == 3)
        #expect(part.report.leftOut == whole.report.leftOut)
        let expected = try await bench.subtract(whole.path, without: base, to: "expected").path
        #expect(try Files.id(part.path) == Files.id(expected))
        #expect(part.report.totals.byKind[.action]?.members == 1)
        let error = await failure {
            try await bench.pack(found, to: "strict") {
                ($0.bases, $0.isStrict, $0.rechecks) = ([base], true, true)
            }
        }
        #expect(error?.code == .damagedCache)
        // The three outputs, and the action entries that refer to them.
        let count = whole.report.leftOut.count(where: \.reason.isDamage)
        #expect(count > 3)
        #expect(error?.message.hasPrefix("the caches hold \(count) entries that can't be packed; ") == true)
        // With damage that is found early, not all content is read.
        try Files.write([], to: try #require(found.buildCache).appending("00/\(CacheModel.id("torn"))-a"))
        let early = await failure { try await bench.pack(found, to: "strict") { $0.isStrict = true } }
        #expect(
            early?.message.hasPrefix("the caches hold at least 1 entry that can't be packed; the first: ")
                == true
        )
    }

    @Test("of members that the base has is the empty archive")
    func nothing() async throws {
        let caches = try bench.write(try RandomCaches(seed: 531, jobs: 1, pairs: 30).jobs[0], to: "caches")
        let base = try await bench.pack(caches, as: "main", to: "main").path
        let part = try await bench.pack(caches, to: "part") { $0.bases = [base] }
        let empty = try await bench.subtract(base, without: base, to: "empty").path
        #expect(try Files.id(part.path) == Files.id(empty))
    }

    @Test("names the base that holds another pack of its label, and with which no union is possible")
    func label() async throws {
        var model = CacheModel()
        model.addPair("one", [1])
        let base = try await bench.pack(model, as: "job", to: "base").path
        model.addPair("two", [2])
        let part = try await bench.pack(model, as: "job", to: "part") { $0.bases = [base] }
        let warning = part.report.warnings.first { $0.code == .duplicateLabel }
        #expect(warning?.remedy == .relabelPack)
        #expect(warning?.message.contains("`\(base)`") == true)
    }

    @Test(
        "refuses a base that is no archive, or that Go's checksums say was tampered with, and leaves nothing"
    )
    func badBase() async throws {
        let (first, second) = try ConflictTests.Alarm.tree.models
        let caches = try bench.write(first, to: "caches")
        let other = try await bench.pack(second, as: "b", to: "b").path
        try Files.write([1, 2, 3], to: bench.path("garbage").string, mode: 0o644)
        let before = try bench.names
        for (base, code) in [
            (other, .conflict), (bench.path("garbage"), .notAnArchive), (bench.path("nowhere"), .notFound),
        ] as [(FilePath, CacheStoreError.Code)] {
            let error = await failure { try await bench.pack(caches, to: "out") { $0.bases = [base] } }
            #expect(error?.code == code)
            #expect(error?.summary.contains("`\(base)`") == true)
        }
        #expect(try bench.names == before)
    }

    @Test("never takes the place of a base, whatever its name and the base's, and leaves the base as it is")
    func replacesNoBase() async throws {
        var model = CacheModel()
        model.addPair("one", [1])
        let base = try await bench.pack(model, as: "main", to: "main").path
        model.addPair("two", [2])
        let caches = try bench.write(model, to: "caches")
        let (hardLink, symbolicLink) = (bench.path("hard"), bench.path("symbolic"))
        try FileManager.default.linkItem(atPath: base.string, toPath: hardLink.string)
        try FileManager.default.createSymbolicLink(atPath: symbolicLink.string, withDestinationPath: "main")
        let (names, id) = (try bench.names, try Files.id(base))
        for output in ["main", "hard", "symbolic", "caches/../main"] {
            for overwrite in [false, true] {
                let error = await failure {
                    try await bench.pack(caches, to: output) {
                        ($0.bases, $0.overwrite) = ([base], overwrite)
                    }
                }
                #expect(error?.code == .badArgument, "\(output)")
                #expect(error?.path == base && error?.remedy == .chooseOtherName, "\(output)")
                let path = bench.path(output)
                let other = await failure {
                    var options = Pack.Options(label: "job")
                    (options.bases, options.overwrite) = ([base], overwrite)
                    return try await Pack(options: options).preview(caches, to: path)
                }
                #expect(other?.code == .badArgument, "\(output)")
            }
        }
        #expect(try bench.names == names)
        #expect(try Files.id(base) == id)
    }

    @Test("and a difference: the whole may be replaced, and nothing that the result lacks")
    func differencePlaces() async throws {
        var model = CacheModel()
        model.addPair("one", [1])
        let other = try await bench.pack(model, as: "main", to: "main").path
        model.addPair("two", [2])
        let whole = try await bench.pack(model, to: "whole").path
        let (names, id) = (try bench.names, try Files.id(other))
        var options = SetOptions()
        options.overwrite = true
        let difference = Difference(options: options)
        let error = await failure { try await difference.run(whole, without: [whole, other], to: other) }
        #expect(error?.code == .badArgument && error?.path == other)
        #expect(try bench.names == names)
        #expect(try Files.id(other) == id)
        let expected = try await bench.subtract(whole, without: other, to: "expected").path
        _ = try await difference.run(whole, without: [other], to: whole)
        #expect(try Files.id(whole) == Files.id(expected))
    }
}
