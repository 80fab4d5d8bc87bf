import Foundation
import SystemPackage
import Testing

@testable import CacheStore

/// Tests of scanning a module cache that changes during the scan.
@Suite("A module whose tree was read after its downloads")
struct ModuleCacheScanTests {
    private let bench: Workbench
    private let root: FilePath
    private let module = CacheModel.Module(
        path: "example.com/Living",
        version: "v1.0.0",
        files: [("a.go", Array("package a\n".utf8), false)]
    )

    init() throws {
        bench = try Workbench()
        var model = CacheModel()
        try model.addModule(module, [.tree, .info, .hash])
        root = try #require(bench.write(model, to: "caches").moduleCache)
    }

    private var modFile: FilePath { bench.path("caches/\(module.download).mod") }

    /// Scans the cache, changes it, and looks at the module again.
    private func look(_ change: () throws -> Void) throws -> (scan: ModuleCacheScan, isRemoved: Bool) {
        let key = try #require(ModuleKey(module.key))
        var scan = try ModuleCacheScan(FileTree(root))
        #expect(scan.trees == [key])
        #expect(scan.downloads.map(\.kind) == [.info, .ziphash])
        try change()
        let removed = try scan.removed(of: [key], in: FileTree(root))
        #expect(removed.subtracting([key]).isEmpty)
        return (scan, !removed.isEmpty)
    }

    @Test("has the .mod with which it was made again")
    func madeAgain() throws {
        let text = Array("module example.com/Living\n".utf8)
        let (scan, isRemoved) = try look { try Files.write(text, to: modFile) }
        #expect(!isRemoved)
        #expect(scan.downloads.first { $0.kind == .mod }?.bytes == text)
        #expect(!scan.leftOut.contains { $0.reason.isDamage })
    }

    @Test("is left out if it was removed meanwhile, rather than kept without a .mod")
    func removed() throws {
        let tree = bench.path("caches/\(module.tree)")
        let (scan, isRemoved) = try look {
            try FileManager.default.moveItem(atPath: tree.string, toPath: bench.path("away").string)
        }
        #expect(isRemoved)
        let damage = scan.leftOut.filter(\.reason.isDamage)
        #expect(damage.map(\.path) == [tree] && damage.first?.reason == .changed)
    }

    @Test("stays if it has no .mod for good, as toolchains have none")
    func never() throws {
        let (scan, isRemoved) = try look {}
        #expect(!isRemoved)
        #expect(scan.downloads.map(\.kind) == [.info, .ziphash])
        #expect(!scan.leftOut.contains { $0.reason.isDamage })
    }

    @Test("is reported only once for a bad .mod, not at both looks")
    func badModFile() throws {
        try Files.write([0], to: modFile)
        let (scan, isRemoved) = try look {}
        #expect(!isRemoved)
        #expect(scan.leftOut.filter(\.reason.isDamage).map(\.path) == [modFile])
    }
}
