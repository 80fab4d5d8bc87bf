import SystemPackage
import Testing

@testable import CacheStore

/// Tests of a cache in which something else stands where Go keeps a file.
@Suite("Something that is no file, under the name of a download, is left out, and the rest is packed")
struct OddKindTests {
    let bench: Workbench

    init() throws { bench = try Workbench() }

    private static let module = LeftOutModuleTests.module

    /// What stands in the place of a file.
    enum Kind: CaseIterable {
        case fifo, directory, socket, link

        func make(at path: FilePath) throws {
            switch self {
            case .fifo: try Files.makeFIFO(path)
            case .directory: try Files.makeDirectory(path)
            case .socket: try Files.makeSocket(path)
            case .link: try Files.link(path, to: "/dev/zero")
            }
        }
    }

    @Test(
        "whatever it is, and whether the module has a tree or a zip alone",
        arguments: ["info", "mod", "ziphash", "zip"],
        Kind.allCases
    )
    func download(suffix: String, kind: Kind) async throws {
        for parts: CacheModel.Parts in [[.tree, .info, .mod, .hash, .zip], [.zip, .info, .mod, .hash]] {
            var model = CacheModel()
            try model.addModule(Self.module, parts)
            let path = "\(Self.module.download).\(suffix)"
            model.files[path] = nil
            model.addPair("sound", [1])
            let place = "\(suffix) \(kind) \(parts.contains(.tree))"
            let caches = try bench.write(model, to: place)
            let odd = bench.path(place).appending(FilePath(path).components)
            try kind.make(at: odd)
            let pack = try await bench.pack(caches, to: "pack of \(place)")
            let reason: LeftOut.Reason = kind == .link ? .symbolicLink : .specialFile
            #expect(pack.report.leftOut.contains { $0.path == odd && $0.reason == reason }, "\(place)")
            let members = try bench.members(pack.path)
            #expect(members.contains { $0.contains(CacheModel.id("sound").description) }, "\(place)")
            if suffix != "ziphash", parts.contains(.tree) {
                #expect(members.contains { $0.hasPrefix("tree") }, "\(place): \(members)")
            }
            #expect(try await Verify(options: .oneJob).run(pack.path).problems.isEmpty)
        }
    }

    @Test("also where Go keeps what is no member: a list, a lock, the lock of all", arguments: Kind.allCases)
    func bookkeeping(kind: Kind) async throws {
        let folder = "mod/cache/download/example.com/!victim/@v"
        let names = [
            "\(folder)/list", "\(folder)/v1.0.0.lock", "mod/cache/lock", "build/trim.txt", "build/README",
        ]
        for name in names {
            var model = CacheModel()
            try model.addModule(Self.module)
            model.addPair("sound", [1])
            model.files[name] = nil
            let place = "\(kind) \(FilePath(name).lastComponent?.string ?? "")"
            let caches = try bench.write(model, to: place)
            let odd = bench.path(place).appending(FilePath(name).components)
            if Files.exists(odd) { continue }
            try kind.make(at: odd)
            let pack = try await bench.pack(caches, to: "pack of \(place)")
            let members = try bench.members(pack.path)
            #expect(members.contains { $0.hasPrefix("tree") }, "\(place): \(members)")
            #expect(members.contains { $0.contains(CacheModel.id("sound").description) }, "\(place)")
        }
    }
}
