import Glibc
import SystemPackage

@testable import CacheStore

/// All verbs that take an archive, and the properties that hold between them.
///
/// A sound archive is verified, restored, made an image, and combined with itself. An archive that `verify`
/// refuses is not restored. Whatever happens, nothing is written outside of a verb's target, and a verb that
/// fails leaves no file under a final name.
struct ArchiveVerbs {
    private let scratch: Scratch
    private let other: [UInt8]

    /// The names in the scratch directory while verbs run: two archives, and the place of all targets.
    private static let fixed = ["archive", "other", "place"]

    /// The directory of all targets, so deep that a path with some `..` still leads to the scratch directory.
    private static let place = "place/a/b/c"

    init() throws {
        scratch = try Scratch()
        other = try ArchiveParts(base: "two").sealed
    }

    /// Runs all verbs on an archive.
    ///
    /// - Parameters:
    ///   - archive: The bytes of the archive.
    ///   - writes: Whether to run the verbs that write the content of members.
    ///   - combines: Whether to run the verbs that compare archives and make others.
    func run(_ archive: [UInt8], writes: Bool = true, combines: Bool = true) {
        scratch.clear()
        let path = scratch.write(archive, to: "archive")
        let sound = scratch.write(other, to: "other")
        do {
            _ = try Directory.creating(scratch.root.appending(FilePath(Self.place).components))
        } catch {
            fail("the place of targets can't be made: \(error)")
        }
        let isListed = ArchiveReaders.run(path, scratch)
        let problems = verify(path)
        Self.keep(archive, problems)
        expect(isListed || !problems.isEmpty, "verify accepts an index that listings refuse")
        if writes { runWriters(path, problems) }
        if combines {
            algebra(path, sound, isListed)
            readers(path, sound)
        }
        let names = scratch.names().filter { !Self.fixed.contains($0) }
        expect(names.isEmpty, "outside of all targets there are \(names)")
        for (outer, inner) in [("place", ["a"]), ("place/a", ["b"]), ("place/a/b", ["c"])] {
            expect(scratch.names(in: outer) == inner, "there is something beside `\(outer)`")
        }
        let known: Set = ["restore", "layers", "union", "self", "difference", "intersection"]
        let strays = scratch.names(in: Self.place).filter { !known.contains($0) }
        expect(strays.isEmpty, "verbs leave \(strays)")
    }

    /// Restores an archive, and makes an image of it, which succeed if, and only if, `verify` finds nothing.
    private func runWriters(_ path: FilePath, _ problems: [CacheStoreError]) {
        let isSound = problems.isEmpty
        // A restore reads no bytes that no member uses, and does not make the index again to compare it. Nor
        // does it look at the name of a chunk that the name of a member covers; that what it has restored has
        // the names of the members is shown by the preview.
        let isUsed = problems.contains {
            $0.member?.hasPrefix("chunk ") != true && !$0.message.contains(Self.otherImage)
                && !$0.message.contains(Self.wrongChunk)
        }
        let restored = failure("restore") { try await restore(path) }
        if isSound, let restored { fail("verify accepts what restore refuses: \(restored)") }
        if isUsed, restored == nil { fail("restore accepts what verify refuses: \(problems)") }
        let isRestored = restored == nil
        let previewed = failure("preview") { try await preview(path, isRestored: isRestored) }
        if isRestored, let previewed { fail("restore accepts what its preview refuses: \(previewed)") }
        // The paths of a sound archive may be too long below the directory of a cache in the image.
        let image = failure("layers", or: [.badArgument]) { try await layers(path) }
        let isTooLong = (image as? CacheStoreError)?.code == .badArgument
        if isSound, !isTooLong, let image { fail("verify accepts what layers refuses: \(image)") }
        if isUsed, image == nil { fail("layers accepts what verify refuses: \(problems)") }
        expectAbsent("layers", unless: image == nil)
    }

    /// Keeps an archive and what `verify` says of it in the directory that the environment names, for
    /// `Tests/fuzz/compare.py`.
    private static func keep(_ archive: [UInt8], _ problems: [CacheStoreError]) {
        guard let folder = unsafe getenv("CACHESTORE_FUZZ_KEEP") else { return }
        let path = unsafe FilePath(String(cString: folder)).appending(digest(archive).description)
        let words = problems.map { "\($0.message), \($0.member ?? "")\n" }.joined()
        for (suffix, bytes) in [("castore", archive), ("verify", Array(words.utf8))] {
            do {
                let name = FilePath("\(path).\(suffix)")
                let file = try FileDescriptor.open(
                    name,
                    .writeOnly,
                    options: [.create, .truncate],
                    permissions: .ownerReadWrite
                )
                try file.closeAfter { _ = try file.writeAll(bytes) }
            } catch {
                fail("the archive can't be kept: \(error)")
            }
        }
    }

    /// The words for content that does not have the name of its chunk.
    private static let wrongChunk = "the content does not have its SHA-256"

    /// The words of `verify` for an image that another writer would have made of the same rows.
    private static let otherImage = "its bytes are not those that its rows make"

    private func target(_ name: String) -> FilePath {
        scratch.root.appending(FilePath("\(Self.place)/\(name)").components)
    }

    private func expectAbsent(_ name: String, unless isMade: Bool) {
        expect(scratch.names(in: Self.place).contains(name) == isMade, "\(name): the result is there, or not")
    }

    /// Runs a verb, and returns its error, which must be one of data, or have one of other codes.
    private func failure(
        _ verb: String,
        or others: Set<CacheStoreError.Code> = [],
        _ body: @escaping @Sendable () async throws -> Void
    ) -> (any Error)? {
        do {
            try blocking(body)
            return nil
        } catch {
            expectFaultOfData(error, verb, or: others)
            return error
        }
    }

    private func verify(_ path: FilePath) -> [CacheStoreError] {
        var options = Verify.Options()
        options.jobs = 1
        do {
            let verify = Verify(options: options)
            let report = try blocking { try await verify.run(path) }
            for problem in report.problems { expectFaultOfData(problem, "verify") }
            return report.problems
        } catch {
            expectFaultOfData(error, "verify")
            guard let error = error as? CacheStoreError else { return [] }
            return [error]
        }
    }

    private func restore(_ path: FilePath) async throws {
        var options = Restore.Options()
        (options.jobs, options.moduleZips) = (1, .make)
        _ = try await Restore(options: options).run(Archive(opening: path), into: caches)
    }

    /// Looks at what another restore would do: after one that has succeeded, nothing.
    private func preview(_ path: FilePath, isRestored: Bool) async throws {
        var options = Restore.Options()
        (options.jobs, options.moduleZips, options.removesExcess) = (1, .make, true)
        let report = try await Restore(options: options).preview(Archive(opening: path), into: caches)
        guard isRestored else { return }
        let files = report.outputs + report.actions + report.treeFiles + report.downloads
        expect(files.created + files.replaced == 0, "a second restore would write \(files)")
        expect(report.removed == 0 && report.excess.isEmpty, "a second restore would remove \(report.excess)")
    }

    private var caches: GoCaches {
        let target = target("restore")
        return GoCaches(buildCache: target.appending("build"), moduleCache: target.appending("mod"))
    }

    private func layers(_ path: FilePath) async throws {
        var options = Layers.Options()
        (options.jobs, options.level, options.architecture) = (1, 1, "amd64")
        _ = try await Layers(options: options).run(Archive(opening: path), to: target("layers"))
    }

    private func algebra(_ path: FilePath, _ sound: FilePath, _ isListed: Bool) {
        let options = {
            var options = SetOptions()
            options.jobs = 1
            return options
        }()
        let results: [(String, (any Error)?)] = [
            (
                "union",
                failure("union") {
                    try await Union(options: options).run([path, sound], to: target("union"))
                }
            ),
            (
                "self",
                failure("union") { try await Union(options: options).run([path, path], to: target("self")) }
            ),
            (
                "difference",
                failure("difference") {
                    let difference = Difference(options: options)
                    try await difference.run(sound, without: [path], to: target("difference"))
                }
            ),
            (
                "intersection",
                failure("intersection") {
                    try await Intersect(options: options).run([path, sound], to: target("intersection"))
                }
            ),
        ]
        for (name, error) in results {
            expectAbsent(name, unless: error == nil)
            guard error == nil else { continue }
            expect(isListed, "\(name) accepts an index that listings refuse")
            // What a verb has made is an archive that every verb reads.
            expect(Self.isReadable(target(name)), "\(name) makes an archive that can't be read")
        }
        if results[1].1 == nil, let members = try? Archive(opening: path).members() {
            let digest = try? Archive(opening: target("self")).members().digest
            expect(digest == members.digest, "the union of an archive with itself has other members")
        }
    }

    private static func isReadable(_ path: FilePath) -> Bool {
        do {
            let (set, digest) = try Archive(opening: path).members()
            return set.digest == digest
        } catch {
            return false
        }
    }

    private func readers(_ path: FilePath, _ sound: FilePath) {
        var (explain, diff) = (Explain.Options(), Diff.Options())
        (explain.jobs, diff.jobs) = (1, 1)
        _ = failure("explain") { [explain] in try await Explain(options: explain).run(path) }
        _ = failure("diff") { [diff] in try await Diff(options: diff).run(path, sound) }
    }
}
