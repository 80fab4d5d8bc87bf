import SystemPackage
import Testing

@testable import CacheStore

/// Tests of operations whose task is cancelled halfway.
@Suite("A cancelled operation", .timeLimit(.minutes(10)))
struct CancellationTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Returns caches with some MB of content that takes a while to compress.
    private func caches() throws -> CacheModel {
        var model = try RandomCaches(seed: 501, jobs: 1, pairs: 120).jobs[0]
        var source = SeededBytes(seed: 502)
        for index in 0..<60 { model.addPair("large \(index)", source.halfRandomBytes(200_000)) }
        return model
    }

    /// Starts a task and cancels it, again and again, each time after a longer delay.
    ///
    /// - Returns: The number of tasks that were cancelled before their end.
    private func cancel(
        _ body: @escaping @Sendable (@escaping ProgressHandler) async throws -> Void,
        check: () throws -> Void
    ) async throws -> Int {
        var cancelled = 0
        for delay in [0, 2, 10, 30, 60, 100, 200] {
            let task = Task { try await body { _ in } }
            try await Task.sleep(for: .milliseconds(delay))
            task.cancel()
            do {
                try await task.value
            } catch is CancellationError {
                cancelled += 1
                try check()
            }
        }
        return cancelled
    }

    @Test("to pack leaves nothing behind")
    func pack() async throws {
        let caches = try bench.write(try caches(), to: "caches")
        var options = Pack.Options(label: "job")
        options.level = 3
        options.overwrite = true
        let packer = Pack(options: options)
        let output = bench.path("out/pack")
        try Files.makeDirectory(bench.path("out"))
        let cancelled = try await cancel({ _ = try await packer.run(caches, to: output, progress: $0) }) {
            let names = try TreeSnapshot(of: bench.path("out")).paths
            #expect(names.isEmpty || names == ["pack"])
        }
        #expect(cancelled > 0)
    }

    @Test("to unite leaves nothing behind")
    func union() async throws {
        let pack = try await bench.pack(try caches(), to: "pack").path
        try Files.makeDirectory(bench.path("out"))
        let output = bench.path("out/union")
        var options = SetOptions()
        options.overwrite = true
        let union = Union(options: options)
        let cancelled = try await cancel({ _ = try await union.run([pack, pack], to: output, progress: $0) })
        {
            let names = try TreeSnapshot(of: bench.path("out")).paths
            #expect(names.isEmpty || names == ["union"])
        }
        #expect(cancelled > 0)
    }

    @Test("to compress an archive again leaves nothing behind")
    func compression() async throws {
        let pack = try await bench.pack(try caches(), to: "pack").path
        try Files.makeDirectory(bench.path("out"))
        let output = bench.path("out/part")
        var options = Select.Options()
        (options.level, options.overwrite) = (6, true)
        let select = Select(options: options)
        let cancelled = try await cancel({ _ = try await select.run([pack], to: output, progress: $0) }) {
            let names = try TreeSnapshot(of: bench.path("out")).paths
            #expect(names.isEmpty || names == ["part"])
        }
        #expect(cancelled > 0)
    }

    @Test("to restore leaves no temporary file, and what is there can be completed")
    func restore() async throws {
        let pack = try await bench.pack(try caches(), to: "pack")
        let archive = try Archive(opening: pack.path)
        let target = bench.caches("out")
        var options = Restore.Options()
        options.moduleZips = .make
        let restorer = Restore(options: options)
        let cancelled = try await cancel({ _ = try await restorer.run(archive, into: target, progress: $0) })
        {
            guard Files.exists(bench.path("out")) else { return }
            let names = try TreeSnapshot(of: bench.path("out")).paths
            #expect(names.allSatisfy { !$0.contains(".castore-") })
            #expect(names.allSatisfy { !$0.hasSuffix(".partial") })
        }
        #expect(cancelled > 0)
        try await bench.restore(pack.path, to: "out") { $0.moduleZips = .make }
        #expect(try await bench.pack(target, to: "again").report.digest == pack.report.digest)
    }

    @Test("to verify ends at once, and reports no false problems")
    func verify() async throws {
        let pack = try await bench.pack(try caches(), to: "pack").path
        let cancelled = try await cancel(
            { progress in
                let problems = try await Verify().run(pack, progress: progress).problems
                #expect(problems.isEmpty)
            },
            check: {}
        )
        #expect(cancelled > 0)
    }

    @Test("before it has begun does nothing")
    func before() async throws {
        let caches = try bench.write(try caches(), to: "caches")
        let output = bench.path("never")
        let task = Task {
            while !Task.isCancelled { await Task.yield() }
            _ = try await Pack(options: Pack.Options(label: "job")).run(caches, to: output)
        }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try bench.names == ["caches"])
    }
}
