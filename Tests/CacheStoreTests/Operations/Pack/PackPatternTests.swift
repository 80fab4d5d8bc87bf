import SystemPackage
import Testing

@testable import CacheStore

/// Tests of packs that choose modules and packages by their names.
@Suite("A pack by patterns")
struct PackPatternTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    /// Patterns, and what is left out of what they are.
    private struct Patterns {
        var included: [Glob] = []
        var excluded: [Glob] = []

        init(_ included: [String] = [], excluding excluded: [String] = []) {
            (self.included, self.excluded) = (included.compactMap(Glob.init), excluded.compactMap(Glob.init))
        }
    }

    private static let choices = [
        Patterns(["example.com/*", "std", "*yaml*", "*/alpha", "nowhere"]),
        Patterns(excluding: ["example.com/a", "main*", "github.com/Azure/azure-sdk-for-go@*", "none*"]),
        Patterns(["*example.com/*", "std", "github.com/*"], excluding: ["*/b", "net/*", "*v1.2.3"]),
        Patterns(excluding: ["*"]), Patterns(["*"]), Patterns(["no such thing"]),
    ]

    /// Packs by patterns, and selects by the same patterns from the archive of a pack without them.
    ///
    /// - Returns: Both archives, which are to be equal, with their reports.
    private func both(
        _ caches: GoCaches,
        _ patterns: Patterns,
        named name: String,
        without bases: [FilePath] = [],
        configure: (inout Pack.Options) -> Void = { _ in }
    ) async throws -> (
        part: (path: FilePath, report: Pack.Report), expected: FilePath, selection: Select.Report,
        whole: Pack.Report
    ) {
        let whole = try await bench.pack(caches, to: "whole \(name)", configure: configure)
        let selection = try await bench.select([whole.path], to: "selection \(name)") {
            ($0.included, $0.excluded) = (patterns.included, patterns.excluded)
        }
        var expected = selection.path
        if !bases.isEmpty {
            expected = bench.path("difference \(name)")
            _ = try await Difference().run(selection.path, without: bases, to: expected)
        }
        let part = try await bench.pack(caches, to: "part \(name)") {
            configure(&$0)
            ($0.included, $0.excluded, $0.bases) = (patterns.included, patterns.excluded, bases)
        }
        return (part, expected, selection.report, whole.report)
    }

    private static func unmatched(_ warnings: [Warning]) -> [Warning] {
        warnings.filter { $0.code == .unmatchedPattern }
    }

    // MARK: - The law

    @Test(
        "is what a selection by these patterns makes of the whole pack, byte for byte, and warns as it does",
        arguments: 801...803 as ClosedRange<UInt64>
    )
    func isTheSelection(seed: UInt64) async throws {
        let random = try RandomCaches(seed: seed, jobs: 2, pairs: seed == 801 ? 220 : 50)
        let models = random.withPackages()
        let base = try await bench.pack(models[0], as: "main", to: "main").path
        let caches = try bench.write(models[1], to: "caches")
        // The search for cuts in large outputs takes time.
        let choices = seed == 801 ? Self.choices.prefix(2) : Self.choices[...]
        for (number, patterns) in choices.enumerated() {
            for (index, bases) in [[], [base]].enumerated() {
                let jobs = [1, 8][(number + index) % 2]
                let name = "\(number) \(index)"
                let (part, expected, selection, whole) = try await both(
                    caches,
                    patterns,
                    named: name,
                    without: bases
                ) {
                    ($0.jobs, $0.level) = (jobs, 1 + number)
                    if number % 2 == 1 { $0.dropped.formUnion([.sources, .executable]) }
                }
                #expect(try Files.id(part.path) == Files.id(expected), "\(name)")
                let warnings = Self.unmatched(part.report.warnings)
                #expect(warnings == Self.unmatched(selection.warnings), "\(name)")
                if [0, 1, 5].contains(number) { #expect(!warnings.isEmpty, "\(name)") }
                #expect(part.report.leftOut == whole.leftOut)
                #expect(part.report.dropped == whole.dropped)
                #expect(part.report.environment == whole.environment)
                #expect(!part.report.warnings.contains { $0.code == .emptyCache })
                // The figures are those of the selection, but for the compression.
                var removed = selection.removed.byKind
                for kind in removed.keys { removed[kind]?.storedBytes = 0 }
                #expect(part.report.excluded.byKind == removed, "\(name)")
                #expect(
                    part.report.excluded.modules == selection.removed.modulesBySource["job"] ?? 0,
                    "\(name)"
                )
                #expect(try await Verify().run(part.path).problems.isEmpty)
                var options = Pack.Options(label: "job")
                (options.included, options.excluded) = (patterns.included, patterns.excluded)
                (options.bases, options.level) = (bases, 1 + number)
                if number % 2 == 1 { options.dropped.formUnion([.sources, .executable]) }
                var report = part.report
                report.totals.forgetCompression()
                #expect(try await Pack(options: options).preview(caches) == report, "\(name)")
            }
        }
    }

    @Test("of what was used is the selection of that", arguments: [811, 812] as [UInt64])
    func used(seed: UInt64) async throws {
        let model = try RandomCaches(seed: seed, jobs: 1, pairs: 50).withPackages()[0]
        let caches = try bench.write(model, to: "caches")
        try Files.makeDirectory(bench.path("checkout"))
        let actions = try bench.contents(await bench.pack(caches, to: "all").path).set.actions
        let log = try bench.log(
            actions.enumerated().filter { $0.offset % 3 != 0 }.map(\.element.id),
            to: "prog.log"
        )
        for (number, patterns) in Self.choices.enumerated() {
            let (part, expected, selection, whole) = try await both(caches, patterns, named: "\(number)") {
                $0.loggedUse = .init(logs: [log], checkout: bench.path("checkout"))
            }
            #expect(try Files.id(part.path) == Files.id(expected), "\(number)")
            #expect(Self.unmatched(part.report.warnings) == Self.unmatched(selection.warnings))
            #expect(part.report.unused == whole.unused && whole.unused > 0)
            #expect(part.report.unusedModules == whole.unusedModules)
        }
    }

    @Test("and a pack by their opposite unite to the whole pack")
    func parts() async throws {
        let model = try RandomCaches(seed: 821, jobs: 1, pairs: 50).withPackages()[0]
        let caches = try bench.write(model, to: "caches")
        let whole = try await bench.pack(caches, to: "whole")
        for patterns in Self.choices where patterns.included.isEmpty || patterns.excluded.isEmpty {
            var parts: [FilePath] = []
            for (included, excluded) in [
                (patterns.included, patterns.excluded), (patterns.excluded, patterns.included),
            ] {
                let part = try await bench.pack(caches, to: "part \(parts.count)") {
                    ($0.included, $0.excluded, $0.overwrite) = (included, excluded, true)
                }
                parts.append(part.path)
            }
            var options = SetOptions()
            options.overwrite = true
            let union = bench.path("union")
            let report = try await Union(options: options).run(parts, to: union)
            #expect(report.digest == whole.report.digest)
            #expect(try Files.id(union) == Files.id(whole.path))
        }
    }

    @Test("of one cache alone is the selection of that", arguments: [true, false])
    func oneCache(isOfModules: Bool) async throws {
        let model = try RandomCaches(seed: 831, jobs: 1, pairs: 40).withPackages()[0]
        var caches = try bench.write(model, to: "caches")
        if isOfModules { caches.buildCache = nil } else { caches.moduleCache = nil }
        for (number, patterns) in Self.choices.enumerated() {
            let (part, expected, selection, _) = try await both(caches, patterns, named: "\(number)")
            #expect(try Files.id(part.path) == Files.id(expected), "\(number)")
            #expect(Self.unmatched(part.report.warnings) == Self.unmatched(selection.warnings))
        }
    }

    // MARK: - Reading

    private static let large = Chunker.minimumSize + 1

    /// Returns a package that states its name, with some bytes after the name.
    private static func package(_ path: String, size: Int) -> [UInt8] {
        PackageContent.archive(
            symbols: ["a.F", "go:cuinfo.packagename.\(path)"],
            files: ["/src/\(path)/x.go"],
            rest: [UInt8](repeating: 7, count: size)
        )
    }

    @Test("reads no content of what it leaves out, unless everything is to be read")
    func readsNoMore() async throws {
        var model = CacheModel()
        model.addPair("kept", Self.package("example.com/kept", size: Self.large))
        let (_, output) = model.addPair("large", Self.package("example.com/gone", size: Self.large))
        let (_, small) = model.addPair("small", Self.package("example.com/gone", size: 10))
        let module = CacheModel.Module(
            path: "example.com/gone",
            version: "v1.0.0",
            files: [("go.mod", Array("module example.com/gone\n".utf8), false), ("a.go", [1, 2], false)]
        )
        try model.addModule(module)
        let sound = try bench.write(model, to: "sound")
        let patterns = Patterns(excluding: ["example.com/gone"])
        let expected = try await both(sound, patterns, named: "sound")
        #expect(try Files.id(expected.part.path) == Files.id(expected.expected))
        #expect(expected.part.report.excluded.packages == 1)
        #expect(expected.part.report.excluded.entries == 2)
        #expect(expected.part.report.excluded.modules == 1)

        for id in [output, small] {
            let count = try #require(model.files[CacheModel.output(id)]?.bytes.count)
            model.files[CacheModel.output(id)]?.bytes[count - 1] ^= 1
        }
        model.files["\(module.tree)/a.go"]?.bytes[0] ^= 1
        let caches = try bench.write(model, to: "caches")
        let (part, _, _, whole) = try await both(caches, patterns, named: "damaged")
        #expect(whole.leftOut.count { [.wrongContent, .wrongModuleHash].contains($0.reason) } == 3)
        #expect(part.report.leftOut.allSatisfy { !$0.reason.isDamage })
        #expect(try Files.id(part.path) == Files.id(expected.part.path))
        _ = try await bench.pack(caches, to: "strict") {
            ($0.excluded, $0.isStrict) = (patterns.excluded, true)
        }

        let checked = try await both(caches, patterns, named: "checked") { $0.rechecks = true }
        #expect(checked.part.report.leftOut == whole.leftOut)
        #expect(try Files.id(checked.part.path) == Files.id(checked.expected))
        let error = await failure {
            try await bench.pack(caches, to: "strict and checked") {
                ($0.excluded, $0.isStrict, $0.rechecks) = (patterns.excluded, true, true)
            }
        }
        #expect(error?.code == .damagedCache)
    }

    @Test(
        "believes no name that damaged content states",
        arguments: [10, PackPatternTests.large],
        [false, true]
    )
    func falseName(size: Int, rechecks: Bool) async throws {
        var model = CacheModel()
        let (action, output) = model.addPair("one", Self.package("example.com/one", size: size))
        let (_, other) = model.addPair("two", Self.package("example.com/two", size: size))
        for (name, text) in [("stdout", "warning"), ("srcfiles", "./x.go")] {
            let bytes = Array(text.utf8)
            let derived = model.addOutput(bytes)
            model.addAction(EntryClassifier.subkey(of: action, name), output: derived, size: bytes.count)
        }
        // The file of each package holds the content of the other.
        let (first, second) = (CacheModel.output(output), CacheModel.output(other))
        (model.files[first], model.files[second]) = (model.files[second], model.files[first])
        let caches = try bench.write(model, to: "caches")
        for (index, patterns) in [
            Patterns(["example.com/*"]), Patterns(["example.com/one", "example.com/two"]),
            Patterns(excluding: ["example.com/one"]), Patterns(excluding: ["example.com/*"]),
        ].enumerated() {
            let name = "\(index) \(size)"
            let (part, expected, selection, whole) = try await both(caches, patterns, named: name) {
                $0.rechecks = rechecks
            }
            #expect(whole.leftOut.count { $0.reason == .wrongContent } == 2)
            let set = try bench.contents(part.path).set
            #expect(!set.outputs.contains { [output, other].contains($0.id) }, "\(name)")
            if rechecks || !patterns.included.isEmpty {
                #expect(try Files.id(part.path) == Files.id(expected), "\(name)")
                #expect(Self.unmatched(part.report.warnings) == Self.unmatched(selection.warnings))
                #expect(part.report.leftOut == whole.leftOut)
            }
            #expect(try await Verify().run(part.path).problems.isEmpty)
        }
    }

    @Test("takes the index of a module only with a sound tree, whether the index goes by the module or stays")
    func indexes() async throws {
        let module = LeftOutModuleTests.module
        for isChanged in [false, true] {
            for isElsewhere in [false, true] {
                let name = "\(isChanged) \(isElsewhere)"
                var model = CacheModel()
                try model.addModule(module)
                let found = try bench.write(model, to: name)
                let root = isElsewhere ? "/stated" : try #require(found.moduleCache).string
                let text = "go1.25.5module index go1.25.5 go index v2 \(root)/\(module.key)\n"
                let output = model.addOutput(Array("go index v2 of it\n".utf8))
                model.addAction(CacheModel.id(text), output: output, size: 18)
                if isChanged { model.files["\(module.tree)/a/b.go"]?.bytes[0] ^= 1 }
                let caches = try bench.write(model, to: name)
                let (part, expected, _, whole) = try await both(
                    caches,
                    Patterns(excluding: ["*"]),
                    named: name
                ) {
                    $0.environment = GoEnvironment(
                        variables: ["GOVERSION": "go1.25.5", "GOMODCACHE": "/stated"]
                    )
                }
                let set = try bench.contents(part.path).set
                // An index under the path that Go states, but under which no package was built, has no name.
                #expect(set.actions.isEmpty == (isChanged || !isElsewhere), "\(name)")
                #expect(set.trees.isEmpty)
                #expect(whole.leftOut.contains { $0.reason == .checkoutIndex } == isChanged)
                let isRead = part.report.leftOut.contains { $0.reason == .wrongModuleHash }
                #expect(isRead == (isChanged && isElsewhere), "\(name)")
                if !isChanged || isElsewhere {
                    #expect(try Files.id(part.path) == Files.id(expected), "\(name)")
                    #expect(part.report.leftOut == whole.leftOut)
                }
            }
        }
    }

    @Test("leaves out a package whose names and modules it does not know as little as a selection does")
    func odd() async throws {
        var model = CacheModel()
        let module = CacheModel.Module(
            path: "example.com/r",
            version: "v1.0.0",
            files: [("a.go", [1], false), (".wh.b", [2], false)]
        )
        // It travels as a zip.
        try model.addModule(module, [.tree, .mod, .hash, .info])
        // No hash tells what it should be.
        let bare = CacheModel.Module(
            path: "example.com/bare",
            version: "v1.0.0",
            files: [("a.go", [1], false)]
        )
        try model.addModule(bare, [.tree, .mod])
        model.addPair("nameless", Array("!<arch>\nno package".utf8))
        model.addPair("cut", Array(Self.package("example.com/cut", size: 10).prefix(300)))
        model.addPair("empty", [])
        let caches = try bench.write(model, to: "caches")
        for (number, patterns) in Self.choices.enumerated() {
            let (part, expected, _, whole) = try await both(caches, patterns, named: "\(number)")
            #expect(try Files.id(part.path) == Files.id(expected), "\(number)")
            #expect(part.report.leftOut == whole.leftOut)
        }
    }

    @Test("takes nothing more when a member that it leaves out is gone after the choice")
    func settled() async throws {
        var model = CacheModel()
        let (action, output) = model.addPair("one", Self.package("example.com/one", size: 10))
        let text = model.addOutput(Array("warning".utf8))
        model.addAction(EntryClassifier.subkey(of: action, "stdout"), output: text, size: 7)
        model.addPair("two", Self.package("example.com/two", size: 10))
        var whole = try bench.contents(await bench.pack(model, to: "whole").path).set
        var options = Pack.Options(label: "job")
        options.excluded = Patterns(["example.com/one"]).included
        let package = CompiledPackage(importPath: "example.com/one")
        var patterns = PackPatterns(options, SelectionNames([output: package]), unreadIndexes: [])
        let part = try patterns.part(of: whole) {}.set
        #expect(part.actions.map(\.id) == [CacheModel.id("two")])
        whole.actions.removeAll { $0.id == action }
        whole.dropUnreferredOutputs()
        // Nothing tells any longer to which package the text belongs.
        #expect(try patterns.part(of: whole) {}.set.actions.count == 2)
        patterns.settle(for: part.actions)
        #expect(try patterns.part(of: whole) {}.set.actions.map(\.id) == [CacheModel.id("two")])
    }
}
