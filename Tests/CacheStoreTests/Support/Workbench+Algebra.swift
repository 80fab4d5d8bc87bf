import SystemPackage

@testable import CacheStore

extension Workbench {
    /// Packs caches as `job-0`, `job-1` and so on, with the levels in turn.
    func packs(
        _ models: [CacheModel],
        levels: [Int] = [1],
        configure: (inout Pack.Options) -> Void = { _ in }
    ) async throws -> [FilePath] {
        var result: [FilePath] = []
        for (index, model) in models.enumerated() {
            let pack = try await pack(model, as: "job-\(index)", to: "pack-\(index).castore") {
                $0.level = levels[index % levels.count]
                configure(&$0)
            }
            result.append(pack.path)
        }
        return result
    }

    /// Packs the caches of random jobs.
    func packs(_ caches: RandomCaches, levels: [Int] = [1]) async throws -> [FilePath] {
        try await packs(caches.jobs, levels: levels)
    }

    /// Subtracts archives from an archive.
    func subtract(
        _ archive: FilePath,
        without others: FilePath...,
        to name: String,
        jobs: Int? = nil
    ) async throws -> (path: FilePath, report: Difference.Report) {
        var options = SetOptions()
        options.jobs = jobs
        let output = path(name)
        let difference = Difference(options: options)
        return (output, try await difference.run(archive, without: others, to: output))
    }

    /// Intersects archives.
    func intersect(
        _ inputs: FilePath...,
        to name: String,
        jobs: Int? = nil
    ) async throws -> (path: FilePath, report: Intersect.Report) {
        var options = SetOptions()
        options.jobs = jobs
        let output = path(name)
        return (output, try await Intersect(options: options).run(inputs, to: output))
    }
}
