import SystemPackage
import Testing

@testable import CacheStore

/// A temporary directory and short names for the operations under test.
final class Workbench: Sendable {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    /// A limit of three restores at a time.
    ///
    /// Each restore has some ten open files per thread, and Swift Testing starts all tests at once. A process
    /// may have 1024 open files.
    private static let restores = Turnstile(places: 3)

    /// The directory that holds all files of the test.
    var root: FilePath { directory.path }

    /// Returns a path below ``root``.
    func path(_ name: String) -> FilePath { root.appending(FilePath(name).components) }

    /// Writes a model to disk.
    func write(_ model: CacheModel, to name: String, seed: UInt64 = 0) throws -> GoCaches {
        var order = SeededBytes(seed: seed)
        return try model.write(to: path(name), shuffledBy: &order)
    }

    /// Packs caches.
    @discardableResult
    func pack(
        _ caches: GoCaches,
        as label: String = "job",
        to name: String,
        configure: (inout Pack.Options) -> Void = { _ in }
    ) async throws -> (path: FilePath, report: Pack.Report) {
        var options = Pack.Options(label: label)
        options.level = 1
        configure(&options)
        let output = path(name)
        return (output, try await Pack(options: options).run(caches, to: output))
    }

    /// Writes a model to disk and packs it.
    func pack(
        _ model: CacheModel,
        as label: String = "job",
        to name: String,
        configure: (inout Pack.Options) -> Void = { _ in }
    ) async throws -> (path: FilePath, report: Pack.Report) {
        let caches = try write(model, to: "caches of \(name)")
        return try await pack(caches, as: label, to: name, configure: configure)
    }

    /// Writes a model to disk and packs its GOCACHE alone, so that no path of a GOMODCACHE is recorded.
    func packBuildCache(
        _ model: CacheModel,
        as label: String,
        to name: String,
        configure: (inout Pack.Options) -> Void
    ) async throws -> (path: FilePath, report: Pack.Report) {
        var caches = try write(model, to: "caches of \(name)")
        caches.moduleCache = nil
        return try await pack(caches, as: label, to: name, configure: configure)
    }

    /// Unites archives.
    func unite(
        _ inputs: FilePath...,
        to name: String,
        jobs: Int? = nil
    ) async throws -> (path: FilePath, report: Union.Report) {
        var options = SetOptions()
        options.jobs = jobs
        let output = path(name)
        return (output, try await Union(options: options).run(inputs, to: output))
    }

    /// Unites three archives in one step and in every pair of steps, which must give the same bytes.
    ///
    /// - Returns: The union.
    @discardableResult
    func expectAssociative(
        _ inputs: [FilePath],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> FilePath {
        var options = SetOptions()
        options.overwrite = true
        let union = Union(options: options)
        let (whole, part, steps) = (path("whole"), path("first step"), path("in steps"))
        _ = try await union.run(inputs, to: whole)
        for last in inputs.indices {
            var others = inputs
            others.remove(at: last)
            _ = try await union.run(others, to: part)
            _ = try await union.run([part, inputs[last]], to: steps)
            let message: Comment = "`\(inputs[last])` united last gives another archive"
            #expect(try Files.id(steps) == Files.id(whole), message, sourceLocation: sourceLocation)
        }
        return whole
    }

    /// Returns the two caches below a directory.
    func caches(_ name: String) -> GoCaches {
        GoCaches(buildCache: path("\(name)/build"), moduleCache: path("\(name)/mod"))
    }

    /// Restores an archive.
    ///
    /// A restore of GOCACHE makes 256 directories, which many small restores can do without.
    @discardableResult
    func restore(
        _ archive: FilePath,
        to name: String,
        ofModulesAlone isOfModulesAlone: Bool = false,
        configure: (inout Restore.Options) -> Void = { _ in }
    ) async throws -> (caches: GoCaches, report: Restore.Report) {
        var options = Restore.Options()
        configure(&options)
        var caches = caches(name)
        if isOfModulesAlone { caches.buildCache = nil }
        let restorer = Restore(options: options)
        let opened = try Archive(opening: archive)
        let report = try await Self.restores.pass { [caches] in try await restorer.run(opened, into: caches) }
        return (caches, report)
    }

    /// Reads the members of an archive.
    func contents(_ archive: FilePath) throws -> ArchiveContents {
        let opened = try Archive(opening: archive)
        let (set, digest) = try opened.members()
        return ArchiveContents(archive: opened, set: set, digest: digest)
    }

    /// Reads an archive's figures.
    func totals(_ archive: FilePath) async throws -> ArchiveTotals {
        try await Archive(opening: archive).summary().totals
    }

    /// Returns the members of an archive in words: kind, name, detail and, on request, the sources.
    func members(_ archive: FilePath, withSources: Bool = false) throws -> [String] {
        var result: [String] = []
        for member in try contents(archive).members {
            let sources = withSources ? " \(member.sources)" : ""
            result.append("\(member.kind.rawValue) \(member.name) \(member.detail)\(sources)")
        }
        return result
    }

    /// The names in ``root``, including hidden ones.
    var names: [String] {
        get throws {
            let names = try Directory(opening: root).names()
            return names.valid + names.invalid.map(\.string)
        }
    }
}

/// Returns the error of a library operation, or records a failure and returns `nil` if there is none.
func failure<Result>(
    _ comment: @autoclosure () -> Comment? = nil,
    sourceLocation: SourceLocation = #_sourceLocation,
    of body: () async throws -> Result
) async -> CacheStoreError? {
    do {
        _ = try await body()
        Issue.record(comment() ?? "it did not fail", sourceLocation: sourceLocation)
    } catch let error as CacheStoreError {
        return error
    } catch {
        Issue.record("\(error) is no CacheStoreError", sourceLocation: sourceLocation)
    }
    return nil
}

extension Verify.Options {
    /// Options for one thread.
    static var oneJob: Self {
        var options = Self()
        options.jobs = 1
        return options
    }
}
