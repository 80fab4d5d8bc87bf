@testable import CacheStore

/// Random caches of several jobs, which overlap.
///
/// All jobs draw from one pool, so that most members are in two or three jobs, and some are in one.
struct RandomCaches {
    /// The seed, for messages.
    let seed: UInt64

    /// The cache of each job.
    private(set) var jobs: [CacheModel]

    private var source: SeededBytes

    /// Whether a job may get another form of a member that it draws, which a union has to settle.
    private let hasDisagreements: Bool

    /// Whether jobs may have parts from which a union makes a form that no job has.
    ///
    /// Such parts are an output as a file and as a directory, or a module's zip without the tree that another
    /// job has.
    private let hasMixedForms: Bool

    /// Creates the caches.
    ///
    /// - Parameters:
    ///   - seed: The seed, which decides everything.
    ///   - jobs: The number of caches.
    ///   - pairs: The number of action entries in the pool.
    ///   - hasDisagreements: Whether jobs may disagree where a union settles the disagreement.
    ///   - hasMixedForms: Whether jobs that may disagree may have one output in two forms, or a zip without
    ///     its tree.
    /// - Throws: ``ZipError``, which would be a mistake in this type.
    init(
        seed: UInt64,
        jobs: Int = 2,
        pairs: Int = 90,
        hasDisagreements: Bool = true,
        hasMixedForms: Bool = true
    )
        throws
    {
        self.seed = seed
        self.hasMixedForms = hasMixedForms
        self.hasDisagreements = hasDisagreements
        source = SeededBytes(seed: seed)
        self.jobs = [CacheModel](repeating: CacheModel(), count: jobs)
        addBuildCaches(pairs)
        try addModules()
        addChecksumFiles()
        for job in self.jobs.indices {
            self.jobs[job].files["build/trim.txt"] = CacheModel.Entry(
                bytes: Array("170000000\(job)".utf8),
                mode: 0o644
            )
            self.jobs[job].files["build/README"] = CacheModel.Entry(
                bytes: Array("This directory".utf8),
                mode: 0o644
            )
        }
    }

    // MARK: - GOCACHE

    private mutating func addBuildCaches(_ pairs: Int) {
        var outputs: [(bytes: [UInt8], executable: String?)] = [([], nil)]
        // Only large caches have outputs above 2 MiB, because the search for cuts in such outputs takes time.
        if pairs >= 200 {
            outputs.append((source.halfRandomBytes((2 << 20) + 70_000), nil))
            outputs.append((source.halfRandomBytes((2 << 20) + 1), "tool.test"))
        }
        for index in outputs.count..<max(pairs * 3 / 4, outputs.count) {
            let size = [0..<200, 200..<5_000, 5_000..<30_000].randomElement(using: &source) ?? 0..<1
            let bytes = source.halfRandomBytes(Int.random(in: size, using: &source))
            outputs.append((bytes, source.isOnce(in: 12) ? "program-\(index)" : nil))
        }
        var present = [Set<ObjectID>](repeating: [], count: jobs.count)
        for index in 0..<pairs {
            let action = CacheModel.id("action \(seed) \(index)")
            // Each output belongs to one of the first actions; later actions share these outputs.
            let choice = index < outputs.count ? index : Int.random(in: 0..<outputs.count, using: &source)
            let other = outputs[Int.random(in: outputs.indices, using: &source)]
            let isDisputed = source.isOnce(in: 20)
            for job in jobs.indices where Int.random(in: 0..<10, using: &source) < 7 {
                var output = isDisputed && hasDisagreements && source.isOnce(in: 2) ? other : outputs[choice]
                // Job 1 has this output as a file, and the other jobs have it as an executable.
                if output.executable != nil, hasDisagreements, hasMixedForms, job == 1, index % 3 == 0 {
                    output.executable = nil
                }
                let id = ContentHasher.hash(output.bytes.span)
                if present[job].insert(id).inserted {
                    jobs[job].addOutput(output.bytes, executable: output.executable)
                }
                let time = Int.random(
                    in: 1_600_000_000_000_000_000...1_790_000_000_000_000_000,
                    using: &source
                )
                jobs[job].addAction(action, output: id, size: output.bytes.count, time: time)
            }
        }
    }

    // MARK: - GOMODCACHE

    private static let paths = [
        "github.com/Azure/azure-sdk-for-go", "github.com/BurntSushi/toml", "golang.org/x/text",
        "gopkg.in/yaml.v3",
        "example.com/a", "example.com/a/b", "rsc.io/quote", "github.com/X/Y/v2",
    ]

    private mutating func addModules() throws {
        for path in Self.paths {
            for version in [
                "v1.2.3", "v2.0.0+incompatible", "v0.0.0-20240101000000-abcdef123456", "v1.0.0-RC1",
            ]
            where source.isOnce(in: 3) { try addModule(path, version) }
        }
        try addToolchain()
    }

    private mutating func addModule(_ path: String, _ version: String) throws {
        var files = [("go.mod", Array("module \(path)\n".utf8), false)]
        for index in 0..<Int.random(in: 1...12, using: &source) {
            let directory = ["", "internal/", "internal/deep/er/", "A/", "a.b/", "\u{fc}/"].randomElement(
                using: &source
            )
            let name = "\(directory ?? "")file\(index).go"
            files.append(
                (
                    name, source.halfRandomBytes(Int.random(in: 0..<3_000, using: &source)),
                    source.isOnce(in: 9)
                )
            )
        }
        let module = CacheModel.Module(path: path, version: version, files: files)
        let isZipOnly = source.isOnce(in: 5)
        for job in jobs.indices where Int.random(in: 0..<10, using: &source) < 7 {
            var parts: CacheModel.Parts = isZipOnly ? [.zip, .info, .mod, .hash] : .all
            // A job that has built nothing has no trees, and a job with a pruned cache has no zips.
            if hasDisagreements, source.isOnce(in: 4), hasMixedForms { parts.remove(.tree) }
            if parts.contains(.tree), source.isOnce(in: 3) { parts.remove(.zip) }
            if source.isOnce(in: 6) { parts.remove(.info) }
            try jobs[job].addModule(module, parts)
            guard hasDisagreements, parts.contains(.info), source.isOnce(in: 4) else { continue }
            let origin = #"{"Version":"\#(version)","Origin":{"VCS":"git","URL":"https://\#(path)"}}"#
            jobs[job].files["\(module.download).info"]?.bytes = Array(origin.utf8)
        }
    }

    /// Adds a toolchain to the jobs.
    ///
    /// In some jobs, Go has added copies to the toolchain's tree and made its programs executable.
    private mutating func addToolchain() throws {
        let goMod = Array("module std\n".utf8)
        let module = CacheModel.Module(
            path: "golang.org/toolchain",
            version: "v0.0.1-go1.25.5.linux-amd64",
            files: [
                ("VERSION", Array("go1.25.5".utf8), false), ("bin/go", source.bytes(900), false),
                ("src/_go.mod", goMod, false),
            ]
        )
        for job in jobs.indices {
            try jobs[job].addModule(module, [.tree, .hash, .zip])
            guard hasDisagreements ? source.isOnce(in: 2) : true else { continue }
            jobs[job].files["\(module.tree)/src/go.mod"] = CacheModel.Entry(bytes: goMod, mode: 0o444)
            jobs[job].files["\(module.tree)/bin/go"]?.mode = 0o555
        }
    }

    private mutating func addChecksumFiles() {
        for index in 0..<20 {
            let tile = source.bytes(index % 2 == 0 ? 8_192 : 32 * index)
            let lookup = "\(index)\nrsc.io/quote v1.0.\(index) h1:…\n\ngo.sum database tree\n"
            for job in jobs.indices where Int.random(in: 0..<10, using: &source) < 7 {
                let suffix = index % 2 == 0 ? "" : ".p/\(index)"
                jobs[job].addChecksumFile("sum.golang.org/tile/8/0/x001/\(100 + index)\(suffix)", tile)
                let head = hasDisagreements && source.isOnce(in: 3) ? "\(1_000 + job)\n" : "1000\n"
                jobs[job].addChecksumFile(
                    "sum.golang.org/lookup/rsc.io/quote@v1.0.\(index)",
                    Array((lookup + head).utf8)
                )
            }
        }
    }
}
