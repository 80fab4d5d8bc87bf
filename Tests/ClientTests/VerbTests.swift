import CacheStore
import Foundation
import SystemPackage
import Testing

/// One small job with each verb, by a client that sees only what the library makes public.
@Suite("A client of the library")
struct VerbTests {
    @Test("packs the caches of a job, with the settings that the go command reports")
    func pack() async throws {
        let jobs = try await Jobs.shared.value
        var options = Pack.Options(label: "again", environment: try await jobs.go(in: "tiny").environment())
        options.bases = [jobs.archives[0]]
        options.jobs = 1
        let report = try await Pack(options: options).run(jobs.caches, to: jobs.place("more.castore"))
        #expect(report.leftOut.allSatisfy { !$0.reason.isDamage }, "\(report.leftOut)")
        #expect(report.environment["GOVERSION"].hasPrefix("go1."))
        // The caches are those of both jobs, and the base has what the first of them filled.
        let summary = try await Archive(opening: jobs.place("more.castore")).summary()
        #expect(summary.digest == report.digest)
        #expect(summary.totals.all.members > 0)
        #expect(try await contents(jobs.place("more.castore")).allSatisfy { $0.name != Jobs.sharedTree })
    }

    @Test("names the key of a job, and the beginnings of older keys")
    func key() async throws {
        let jobs = try await Jobs.shared.value
        var options = JobKey.Options()
        options.go = jobs.go(in: "tiny")
        let report = try await JobKey(options: options).run(in: jobs.place("programs/tiny"))
        #expect(report.fallbacks.allSatisfy { report.key.hasPrefix($0) })
        #expect(report.settings.contains { $0.name == "GOMODCACHE" })
        #expect(report.version.hasPrefix("go1."))
    }

    @Test("unites archives, opened or by path, in any order")
    func union() async throws {
        let jobs = try await Jobs.shared.value
        let opened = try Archive(opening: jobs.archives[1])
        let report = try await Union().run(
            [opened, jobs.archives[0].string],
            to: jobs.place("other-order.castore")
        )
        #expect(report.disagreements.isEmpty)
        let paths = [jobs.union, jobs.place("other-order.castore")].map(\.string)
        #expect(FileManager.default.contentsEqual(atPath: paths[0], andPath: paths[1]))
    }

    @Test("refuses disputed actions, of which two jobs in one place have none, and compares these jobs")
    func disputes() async throws {
        let jobs = try await Jobs.shared.value
        let union = Union(policy: .fail)
        let report = try await union.run(jobs.archives, to: jobs.place("agreed.castore"))
        #expect(report.disputes.isEmpty)
        let comparison = try await Reproduction().run(jobs.archives[0], jobs.archives[1])
        #expect(comparison.isReproduced == true && comparison.commonActions > 0, "\(comparison)")
    }

    @Test("checks a random part of an archive, and learns which")
    func verifyPart() async throws {
        let jobs = try await Jobs.shared.value
        var options = Verify.Options()
        options.part = try .share(0.1)
        let report = try await Verify(options: options).run(jobs.union)
        let checked = try #require(report.checked)
        #expect(report.problems.isEmpty && !report.isSound && checked.members < checked.allMembers)
        options.part = try .share(0.1, seed: checked.seed)
        #expect(try await Verify(options: options).run(jobs.union).checked == checked)
        options.part = .time(.seconds(3600))
        #expect(try await Verify(options: options).run(jobs.union).isSound)
    }

    @Test("subtracts an archive, and unites the difference with it again")
    func difference() async throws {
        let jobs = try await Jobs.shared.value
        let (rest, again) = (jobs.place("rest.castore"), jobs.place("again.castore"))
        let report = try await Difference().run(jobs.union, without: [jobs.archives[0]], to: rest)
        #expect(report.totals.all.members < report.whole.all.members)
        let united = try await Union().run([rest, jobs.archives[0]], to: again)
        #expect(try await united.digest == Archive(opening: jobs.union).summary().digest)
    }

    @Test("intersects the archives of two jobs, which have a module in common")
    func intersect() async throws {
        let jobs = try await Jobs.shared.value
        var options = SetOptions()
        options.overwrite = true
        let common = jobs.place("common.castore")
        try await Intersect(options: options).run(jobs.archives, to: common)
        try await Intersect(options: options).run(jobs.archives, to: common)
        #expect(try await contents(common).filter { $0.kind == .tree }.map(\.name) == [Jobs.sharedTree])
    }

    @Test("selects what one job's archive holds, and says what another selection would drop")
    func select() async throws {
        let jobs = try await Jobs.shared.value
        var options = Select.Options()
        options.only = [Jobs.programs[0]]
        let part = jobs.place("selected.castore")
        let report = try await Select(options: options).run([jobs.union], to: part)
        #expect(FileManager.default.contentsEqual(atPath: part.string, andPath: jobs.archives[0].string))
        #expect(report.removed.entriesBySource.keys.contains(Jobs.programs[1]))

        options = Select.Options()
        options.excluded = [try #require(Glob("example.com/lib"))]
        let path = jobs.place("preview.castore")
        let preview = try await Select(options: options).preview([jobs.union], to: path)
        #expect(preview.modules.map(\.path) == ["example.com/lib"])
        #expect(preview.packages.map(\.importPath) == ["example.com/lib"])
    }

    @Test("restores caches with which every build hits")
    func restore() async throws {
        let jobs = try await Jobs.shared.value
        for program in Jobs.programs { #expect(try jobs.compiledPackages(of: program) == []) }
        // A second restore finds everything in its place.
        let report = try await Restore().run(jobs.union, into: jobs.caches)
        #expect(report.outputs.created == 0 && report.outputs.untouched > 0)
        #expect(report.treeFiles.created == 0 && report.treeFiles.untouched > 0)
    }

    @Test("writes an image whose layers are in the layout")
    func layers() async throws {
        let jobs = try await Jobs.shared.value
        var options = Layers.Options()
        options.architecture = "amd64"
        let image = jobs.place("image")
        let report = try await Layers(options: options).run(jobs.union, to: image)
        for layer in report.layers {
            let blob = image.appending("blobs/sha256/\(layer.digest)").string
            let size = try FileManager.default.attributesOfItem(atPath: blob)[.size] as? Int
            #expect(size == layer.bytes)
        }
        #expect(!report.layers.isEmpty)
    }

    @Test("seals a build cache, after which a check finds no fault")
    func seal() async throws {
        let jobs = try await Jobs.shared.value
        let caches = jobs.emptyCaches("to-seal")
        try await Restore().run(jobs.archives[0], into: caches)
        let cache = try #require(caches.buildCache)
        try FileManager.default.removeItem(atPath: cache.appending("trim.txt").string)
        var check = Seal.Options()
        check.isDryRun = true
        let faults = try await Seal(options: check).run(cache).faults
        #expect(faults.map(\.kind) == [.trimFile])
        try await Seal().run(cache)
        #expect(try await Seal(options: check).run(cache).faults.isEmpty)
    }

    @Test("predicts that builds hit")
    func doctor() async throws {
        let jobs = try await Jobs.shared.value
        var options = Doctor.Options()
        options.go = jobs.go(in: "gamma")
        options.moduleCache = jobs.caches.moduleCache
        options.packages = Doctor.Options.Packages(directory: jobs.place("programs/gamma"))
        let report = try await Doctor(options: options).run(jobs.union)
        #expect(report.prediction == .hits)
        #expect(report.packages?.missing.isEmpty == true, "\(report)")
    }

    @Test(
        "predicts that nothing hits from a selection without packages; it warns if no module is left"
    )
    func doctorOfLittle() async throws {
        let jobs = try await Jobs.shared.value
        var options = Doctor.Options()
        options.go = jobs.go(in: "gamma")
        options.moduleCache = jobs.caches.moduleCache
        for leavesModules in [true, false] {
            var select = Select()
            if leavesModules {
                select.options.dropped = [.package, .main]
            } else {
                select.options.excluded = try [#require(Glob("*"))]
            }
            let path = jobs.place("little-\(leavesModules).castore")
            let report = try await select.run([jobs.union], to: path)
            #expect(report.warnings.contains { $0.code == .nothingLeft } == !leavesModules)
            let verdict = try await Doctor(options: options).run(path)
            #expect(verdict.prediction == .nothingHits && verdict.findings.contains { $0.code == .noEntries })
        }
    }

    @Test("verifies an archive, and finds the damage in another")
    func verify() async throws {
        let jobs = try await Jobs.shared.value
        let report = try await Verify().run(jobs.union)
        #expect(report.problems.isEmpty)
        #expect(try await report.digest == Archive(opening: jobs.union).summary().digest)

        let damaged = try damagedUnion(jobs, "damaged-verify.castore")
        let problems = try await Verify().run(damaged).problems
        #expect(!problems.isEmpty && problems.allSatisfy { $0.code == .corruptArchive })
    }

    @Test("repairs a damaged archive from the archives of the jobs, and restores it")
    func repair() async throws {
        let jobs = try await Jobs.shared.value
        let damaged = try damagedUnion(jobs, "damaged-repair.castore")
        let caches = jobs.emptyCaches("rescued")
        try await rescue(damaged, from: jobs.archives, to: jobs.place("repaired.castore"), into: caches)
        let paths = [jobs.union, jobs.place("repaired.castore")].map(\.string)
        #expect(FileManager.default.contentsEqual(atPath: paths[0], andPath: paths[1]))

        var options = Restore.Options()
        options.skipsDamaged = true
        let report = try await Restore(options: options).run(damaged, into: jobs.emptyCaches("skipped"))
        #expect(report.leftOut.count == 1 && report.digest != report.archiveDigest)
        #expect(report.warnings.contains { $0.code == .damagedMember })
    }

    @Test("explains where the bytes are")
    func explain() async throws {
        let jobs = try await Jobs.shared.value
        let report = try await Explain().run(jobs.union.string)
        let library = try #require(report.modules.first { $0.path == "example.com/lib" })
        #expect(library.versions.map(\.version) == ["v1.0.0"])
        #expect(library.versions.first?.sources.sorted() == Jobs.programs.sorted())
    }

    @Test("compares two archives")
    func diff() async throws {
        let jobs = try await Jobs.shared.value
        #expect(try await Diff().run(jobs.union, jobs.union).isEmpty)
        let report = try await Diff().run(jobs.archives[0], jobs.union)
        #expect(report.allRemoved.members == 0 && report.allAdded.members > 0)
        #expect(report.modules.contains { $0.path == "example.com/UpperCase/Kit" })
    }

    @Test("goes through the members of an archive and reads their content")
    func read() async throws {
        let jobs = try await Jobs.shared.value
        let archive = try Archive(opening: jobs.union)
        let contents = try await archive.contents()
        try contents.requireSources(Jobs.programs)
        let error = #expect(throws: CacheStoreError.self) { try contents.requireSources(["nobody"]) }
        #expect(error?.code == .badArgument && error?.remedy?.code == .chooseSource)

        let tree = try #require(contents.members.first { $0.kind == .tree && $0.name == Jobs.sharedTree })
        let files = try await contents.files(ofTree: tree.name)
        #expect(files.count == tree.files)
        let modules = try #require(jobs.caches.moduleCache)
        for file in files {
            var content: [UInt8] = []
            for try await piece in try await archive.content(of: .tree, named: tree.name, file: file.path) {
                content += piece
            }
            let path = modules.appending(tree.name).appending(file.path).string
            #expect(FileManager.default.contents(atPath: path) == Data(content))
        }
        try await list(jobs.union, licenceOf: tree.name)
    }

    @Test("gets an error with a code and a remedy for a damaged archive")
    func errors() async throws {
        let jobs = try await Jobs.shared.value
        let damaged = try damagedUnion(jobs, "damaged-restore.castore")
        let error = await #expect(throws: CacheStoreError.self) {
            try await ClientTests.restore(damaged, into: jobs.emptyCaches("never"))
        }
        #expect(error?.code == .corruptArchive)
        #expect(error?.remedy == .recoverContent)
        #expect(error?.path == damaged)
    }

    @Test("gets a CancellationError for a task that it cancels")
    func cancellation() async throws {
        let jobs = try await Jobs.shared.value
        let target = jobs.place("cancelled.castore")
        let task = Task {
            try? await Task.sleep(for: .seconds(60))
            try await Union().run(jobs.archives, to: target)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(!FileManager.default.fileExists(atPath: target.string))
    }

    // MARK: - Support

    private func contents(_ archive: FilePath) async throws -> [Member] {
        Array(try await Archive(opening: archive).contents().members)
    }

    /// Copies the union and changes one byte of its first frame's content.
    private func damagedUnion(_ jobs: Jobs, _ name: String) throws -> FilePath {
        let path = jobs.place(name)
        try FileManager.default.copyItem(atPath: jobs.union.string, toPath: path.string)
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: path.string))
        defer { try? file.close() }
        try file.seek(toOffset: 100)
        let byte = try #require(try file.read(upToCount: 1)?.first)
        try file.seek(toOffset: 100)
        try file.write(contentsOf: Data([byte ^ 1]))
        return path
    }
}
