import SystemPackage
import Testing

@testable import CacheStore

/// Tests of packs that do not read what a base has under the same name.
@Suite("What a base has by name, a pack")
struct PackByNameTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    // MARK: - The law

    @Test(
        "leaves to the base: with it, the result unites to what the whole pack and the base unite to",
        arguments: 601...612 as ClosedRange<UInt64>
    )
    func law(seed: UInt64) async throws {
        var model = try RandomCaches(seed: seed, jobs: 1, pairs: seed == 601 ? 250 : 50).jobs[0]
        let base = try await bench.pack(model, as: "main", to: "main").path
        var source = SeededBytes(seed: seed)
        let other = try RandomCaches(seed: seed + 100, jobs: 1, pairs: 20).jobs[0]
        change(&model, other, &source)
        let found = try bench.write(model, to: "caches")
        let whole = try await bench.pack(found, to: "whole")
        let expected = try await bench.unite(base, whole.path, to: "expected")
        let difference = try await bench.subtract(whole.path, without: base, to: "difference").path
        for rechecks in [false, true] {
            let name = "part \(rechecks)"
            let part = try await bench.pack(found, to: name) {
                ($0.bases, $0.rechecks) = ([base], rechecks)
            }
            let union = try await bench.unite(base, part.path, to: "union of \(name)")
            #expect(union.report.digest == expected.report.digest, "rechecks: \(rechecks)")
            #expect(try Files.id(part.path) == Files.id(difference), "rechecks: \(rechecks)")
            #expect(part.report.leftOut == whole.report.leftOut)
            #expect(part.report.environment == whole.report.environment)
            #expect(try await Verify().run(part.path).problems.isEmpty)
        }
    }

    /// Adds, removes and changes random entries of a cache, all of them soundly.
    private func change(_ model: inout CacheModel, _ other: CacheModel, _ source: inout SeededBytes) {
        for (path, entry) in other.files.sorted(by: { $0.key < $1.key })
        where path.hasPrefix("build/") && model.files[path] == nil { model.files[path] = entry }
        let outputs = model.files.filter { $0.key.hasSuffix("-d") }.keys.sorted()
        let kinds = ["-a", "-d", ".zip", ".info", ".mod", ".ziphash"]
        for path in model.files.keys.sorted() where source.isOnce(in: 6) {
            guard let kind = kinds.first(where: path.hasSuffix) else {
                // A whole tree goes, or one file of a toolchain becomes executable or is added.
                guard path.hasPrefix("mod/"), let mark = path.firstIndex(of: "@"), source.isOnce(in: 6),
                    let end = path[mark...].firstIndex(of: "/")
                else { continue }
                let tree = path[...end]
                for path in model.files.keys where path.hasPrefix(tree) { model.files[path] = nil }
                continue
            }
            let known = outputs.randomElement(using: &source)
            if kind == "-a", source.isOnce(in: 2), let known, let file = model.files[known] {
                // Another job has made another output of the action, or the entry is new.
                let id = ContentHasher.hash(file.bytes.span)
                let action = CacheModel.id("new \(path)")
                model.addAction(action, output: id, size: file.bytes.count)
            } else {
                model.files[path] = nil
            }
        }
        let toolchain = "mod/golang.org/toolchain@v0.0.1-go1.25.5.linux-amd64"
        if model.files["\(toolchain)/bin/go"] != nil, source.isOnce(in: 2) {
            model.files["\(toolchain)/bin/go"]?.mode = source.isOnce(in: 2) ? 0o555 : 0o444
        }
    }

    // MARK: - Nothing is read

    @Test("does not read: garbage of the same length in its place changes no byte of the result")
    func garbage() async throws {
        let caches = try RandomCaches(seed: 621, jobs: 2, pairs: 250, hasMixedForms: false)
        let base = try await bench.pack(caches.jobs[0], as: "main", to: "main").path
        let sound = try await bench.pack(caches.jobs[1], to: "sound") { $0.bases = [base] }
        // Everything that is the same in both, by its name.
        let names = sharedContent(caches.jobs[0], caches.jobs[1])
        var model = caches.jobs[1]
        for name in names { model.files[name]?.bytes[0] ^= 1 }
        let found = try bench.write(model, to: "caches")
        let part = try await bench.pack(found, to: "part") { $0.bases = [base] }
        let outputs = names.count { $0.hasPrefix("build/") }
        #expect(outputs > 50 && names.count > outputs + 10)
        #expect(try Files.id(part.path) == Files.id(sound.path))
        let expected = sound.report.leftOut.map { $0.moved(to: found) }
        #expect(part.report.leftOut == expected)
        let strict = try await bench.pack(found, to: "strict") { ($0.bases, $0.isStrict) = ([base], true) }
        #expect(try Files.id(strict.path) == Files.id(sound.path))
        // A look at everything finds all of it.
        let whole = try await bench.pack(found, to: "whole")
        let checked = try await bench.pack(found, to: "checked") { ($0.bases, $0.rechecks) = ([base], true) }
        #expect(checked.report.leftOut == whole.report.leftOut)
        #expect(checked.report.unread.members == 0)
        let damaged = checked.report.leftOut.count { $0.reason == .wrongContent }
        #expect(damaged == outputs)
        let error = await failure {
            try await bench.pack(found, to: "error") {
                ($0.bases, $0.rechecks, $0.isStrict) = ([base], true, true)
            }
        }
        #expect(error?.code == .damagedCache)
    }

    /// Returns the files that both models have, of outputs to which no new entry refers, and of whole trees.
    private func sharedContent(_ base: CacheModel, _ job: CacheModel) -> [String] {
        func output(_ entry: CacheModel.Entry?) -> String? {
            entry.map { String(decoding: $0.bytes.dropFirst(3 + 64 + 1).prefix(64), as: UTF8.self) }
        }
        let new = job.files.filter {
            $0.key.hasSuffix("-a") && output($0.value) != output(base.files[$0.key])
        }
        let needed = Set(new.values.compactMap { output($0) })
        let outputs = job.files.keys.filter { path in
            let names = path.split(separator: "/")
            guard names.count > 2, names[0] == "build", names[2].hasSuffix("-d") else { return false }
            return base.files[path] != nil && !needed.contains(String(names[2].prefix(64)))
        }
        var trees: [String: [String]] = [:]
        for path in job.files.keys where !path.contains("/@v/") {
            let names = path.split(separator: "/")
            guard let mark = names.firstIndex(where: { $0.utf8.contains(UInt8(ascii: "@")) }) else {
                continue
            }
            trees[names[...mark].joined(separator: "/"), default: []].append(path)
        }
        var content = Array(outputs)
        for (tree, files) in trees {
            let zip =
                tree.replacing("@", with: "/@v/").replacing("mod/", with: "mod/cache/download/") + ".zip"
            guard job.files[zip] == nil || base.files[zip] != nil else { continue }
            let others = Set(base.files.keys.filter { $0.hasPrefix(tree + "/") })
            guard others == Set(files), files.allSatisfy({ job.files[$0]?.mode == base.files[$0]?.mode })
            else { continue }
            content += files
        }
        return content.filter { job.files[$0]?.bytes.isEmpty == false }.sorted()
    }

    @Test("reads if a new entry refers to it, which is written with its output")
    func needed() async throws {
        var model = CacheModel()
        let bytes = [UInt8](repeating: 7, count: 900)
        let (_, output) = model.addPair("old", bytes)
        let base = try await bench.pack(model, as: "main", to: "main").path
        model.addAction(CacheModel.id("new"), output: output, size: bytes.count)
        let part = try await bench.pack(model, to: "part") { $0.bases = [base] }
        #expect(part.report.totals.byKind[.output]?.members == 1)
        #expect(try await Verify().run(part.path).problems.isEmpty)
        model.files[CacheModel.output(output)]?.bytes[5] ^= 1
        let damaged = try await bench.pack(model, to: "damaged") { $0.bases = [base] }
        #expect(damaged.report.totals.all.members == 0)
        #expect(damaged.report.leftOut.contains { $0.reason == .wrongContent })
    }

    @Test("takes for damaged if its length is another")
    func length() async throws {
        var model = CacheModel()
        let (_, output) = model.addPair("old", [UInt8](repeating: 7, count: 900))
        let base = try await bench.pack(model, as: "main", to: "main").path
        model.files[CacheModel.output(output)]?.bytes.removeLast()
        let part = try await bench.pack(model, to: "part") { $0.bases = [base] }
        #expect(part.report.leftOut.map(\.reason) == [.wrongSize])
    }

    @Test("packs again where the base has another output of the action")
    func disagreement() async throws {
        var model = CacheModel()
        let (action, _) = model.addPair("same", [1, 2, 3])
        let base = try await bench.pack(model, as: "main", to: "main").path
        let other = model.addOutput([4, 5, 6])
        model.addAction(action, output: other, size: 3)
        let part = try await bench.pack(model, to: "part") { $0.bases = [base] }
        #expect(part.report.totals.byKind[.action]?.members == 1)
        #expect(try await bench.unite(base, part.path, to: "union").report.disagreements.count == 1)
    }

    // MARK: - Modules

    @Test(
        "reads of a module tree that is not as the base has it, and finds what is wrong",
        arguments: ["missing", "longer", "executable", "hash", "partial"]
    )
    func tree(change: String) async throws {
        let module = LeftOutModuleTests.module
        var model = CacheModel()
        try model.addModule(module)
        let base = try await bench.pack(model, as: "main", to: "main").path
        let file = "\(module.tree)/a/b.go"
        switch change {
        case "missing": model.files[file] = nil
        case "longer": model.files[file]?.bytes += [10]
        case "executable": model.files[file]?.mode = 0o555
        case "hash": model.files["\(module.download).ziphash"] = nil
        default: model.files["\(module.download).partial"] = CacheModel.Entry(bytes: [], mode: 0o644)
        }
        let found = try bench.write(model, to: "caches")
        let whole = try await bench.pack(found, to: "whole")
        let part = try await bench.pack(found, to: "part") { $0.bases = [base] }
        let expected = try await bench.subtract(whole.path, without: base, to: "expected").path
        #expect(part.report.leftOut == whole.report.leftOut)
        #expect(part.report.unread.members == 0)
        #expect(try Files.id(part.path) == Files.id(expected))
        #expect((part.report.totals.byKind[.tree] != nil) == (change == "executable"))
    }

    @Test("reads of a module zip without a tree that has another length than the base's")
    func zip() async throws {
        let module = LeftOutModuleTests.module
        var model = CacheModel()
        try model.addModule(module, [.zip, .info, .mod, .hash])
        let base = try await bench.pack(model, as: "main", to: "main").path
        let zip = "\(module.download).zip"
        model.files[zip]?.bytes[40] ^= 1
        let same = try await bench.pack(model, to: "same") { $0.bases = [base] }
        #expect(same.report.unread.members == 1)
        #expect(!same.report.leftOut.contains { $0.reason.isDamage })
        #expect(same.report.totals.all.members == 0)
        model.files[zip]?.bytes += [0]
        let longer = try await bench.pack(model, to: "longer") { $0.bases = [base] }
        #expect(longer.report.leftOut.contains { $0.reason == .wrongModuleHash })
    }

    @Test("reads of a tree that Go has indexed anew, so that no index of a changed tree is packed")
    func index() async throws {
        let module = LeftOutModuleTests.module
        var model = CacheModel()
        try model.addModule(module)
        let base = try await bench.pack(model, as: "main", to: "main").path
        let found = try bench.write(model, to: "job")
        let root = try #require(found.moduleCache)
        let text = "go1.25.5module index go1.25.5 go index v2 \(root)/\(module.key)\n"
        let output = model.addOutput(Array("go index v2 of it\n".utf8))
        model.addAction(CacheModel.id(text), output: output, size: 18)
        for isChanged in [false, true] {
            if isChanged { model.files["\(module.tree)/a/b.go"]?.bytes[0] ^= 1 }
            let found = try bench.write(model, to: "job")
            func pack(_ name: String, _ bases: [FilePath]) async throws -> (FilePath, Pack.Report) {
                try await bench.pack(found, to: "\(name) \(isChanged)") {
                    $0.environment = GoEnvironment(variables: ["GOVERSION": "go1.25.5"])
                    $0.bases = bases
                }
            }
            let (whole, whole1) = try await pack("whole", [])
            let (part, report) = try await pack("part", [base])
            #expect((report.totals.byKind[.action] == nil) == isChanged)
            #expect(report.leftOut == whole1.leftOut)
            #expect(report.leftOut.contains { $0.reason == .wrongModuleHash } == isChanged)
            let expected = try await bench.subtract(whole, without: base, to: "expected \(isChanged)").path
            #expect(try Files.id(part) == Files.id(expected))
            #expect(report.unread.members == (isChanged ? 0 : 1))
            guard !isChanged else { continue }
            // An index that the base has says nothing of the tree, which is not read.
            model.files["\(module.tree)/a/b.go"]?.bytes[0] ^= 1
            let spoiled = try bench.write(model, to: "job")
            for rechecks in [false, true] {
                let again = try await bench.pack(spoiled, to: "again \(rechecks)") {
                    $0.environment = GoEnvironment(variables: ["GOVERSION": "go1.25.5"])
                    ($0.bases, $0.rechecks) = ([whole], rechecks)
                }
                #expect(again.report.totals.all.members == 0)
                #expect(again.report.leftOut.contains { $0.reason == .wrongModuleHash } == rechecks)
                #expect(again.report.leftOut.contains { $0.reason == .checkoutIndex } == rechecks)
            }
            model.files["\(module.tree)/a/b.go"]?.bytes[0] ^= 1
        }
    }

    @Test("leaves as it is where an earlier version has packed a tree that now travels as its zip")
    func whiteout() async throws {
        let module = CacheModel.Module(
            path: "example.com/r",
            version: "v1.0.0",
            files: [("a.go", [1], false), (".wh.b", [2], false)]
        )
        var model = CacheModel()
        try model.addModule(module, [.tree, .mod, .hash, .info])
        let base = try await bench.packKeepingTrees(model, to: "base")
        let found = try bench.write(model, to: "caches")
        let whole = try await bench.pack(found, to: "whole")
        let part = try await bench.pack(found, to: "part") { $0.bases = [base] }
        let expected = try await bench.subtract(whole.path, without: base, to: "expected").path
        #expect(try Files.id(part.path) == Files.id(expected))
    }

    // MARK: - Origins

    @Test(
        "states the same toolchains as the whole pack, whether the base tells them apart or not",
        arguments: [[0], [0, 1], [0, 1, 2]]
    )
    func origins(toolchains: [Int]) async throws {
        let lines = toolchains.map { "go object linux amd64 go1.2\(5 + $0).0 GOAMD64=v1 X:regabiwrappers" }
        let head = "!<arch>\n" + "__.PKGDEF       0           0     0     644     100       `\n"
        func package(_ line: String, _ name: String) -> [UInt8] { Array("\(head)\(line)\n\n\(name)".utf8) }
        var models = [CacheModel(), CacheModel()]
        for (index, line) in lines.enumerated() {
            for number in 0...index + 3 {
                models[index % 2].addPair("\(index) \(number)", package(line, "\(index) \(number)"))
            }
        }
        models[0].addPair("shared", package(lines[0], "shared"))
        models[1].addPair("shared", package(lines[0], "shared"))
        let packs = [
            try await bench.pack(models[0], as: "a", to: "a").path,
            try await bench.pack(models[1], as: "b", to: "b").path,
        ]
        let base = try await bench.unite(packs[0], packs[1], to: "base").path
        var model = models[0]
        model.files.merge(models[1].files) { first, _ in first }
        model.addPair("new", package(lines[0], "new"))
        let found = try bench.write(model, to: "caches")
        let whole = try await bench.pack(found, to: "whole")
        let part = try await bench.pack(found, to: "part") { $0.bases = [base] }
        #expect(part.report.unread.members > 4)
        #expect(part.report.environment.origins == whole.report.environment.origins)
        #expect(whole.report.environment.origins.count == toolchains.count)
    }
}

extension LeftOut {
    /// Returns the record of the same entry in caches at another place.
    fileprivate func moved(to caches: GoCaches) -> LeftOut {
        var result = self
        let old = path.string
        for (name, root) in [("/build/", caches.buildCache), ("/mod/", caches.moduleCache)] {
            if let range = old.firstRange(of: name), let root {
                result.path = FilePath("\(root)/\(old[range.upperBound...])")
            }
        }
        return result
    }
}
