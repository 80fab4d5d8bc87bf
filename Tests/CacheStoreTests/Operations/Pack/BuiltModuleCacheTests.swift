import Foundation
import SystemPackage
import Testing

@testable import CacheStore

@Suite("The GOMODCACHE under which a package was compiled")
struct BuiltModuleCacheTests {
    @Test(
        "is before the module in the path of its sources, and is not told by other packages",
        arguments: [
            ("example.com/m/a", "/go/pkg/mod/example.com/m@v1.0.0/a/a.go", "/go/pkg/mod"),
            ("example.com/m", "/m/example.com/m@v1.0.0/m.go", "/m"),
            ("example.com/m/v2/x/y", "/a/example.com/m/v2@v2.0.0/x/y/y.go", "/a"),
            ("github.com/Azure/x", "/a!b/github.com/!azure/x@v1.0.0/x.go", "/a!b"),
            ("gopkg.in/yaml.v3", "/root/go/pkg/mod/gopkg.in/yaml.v3@v3.0.1/yaml.go", "/root/go/pkg/mod"),
            // Built with -trimpath, of the standard library, of a checkout, replaced by another module.
            ("example.com/m", "example.com/m@v1.0.0/m.go", nil),
            ("strconv", "/usr/local/go/src/strconv/atob.go", nil),
            ("example.com/m", "/work/me@home/m.go", nil),
            ("example.com/m", "/go/pkg/mod/example.com/fork@v1.0.0/m.go", nil),
            ("example.com/m/b", "/go/pkg/mod/example.com/m@v1.0.0/a/a.go", nil),
            ("main", "/go/pkg/mod/example.com/m@v1.0.0/cmd/main.go", nil),
            ("example.com/m", nil, nil),
        ] as [(String, String?, String?)]
    )
    func path(importPath: String, file: String?, expected: String?) {
        #expect(BuiltModuleCache.path(in: CompiledPackage(importPath: importPath, file: file)) == expected)
    }

    /// Compiled packages of a cache, and the path of GOMODCACHE that a pack of all of them records.
    enum Case: String, CaseIterable {
        /// Most were compiled elsewhere, and the new one here, behind the sample.
        case elsewhere
        /// None states a path but the new one, which was compiled elsewhere.
        case silent
        /// All were compiled here but the new one, which is the first.
        case here
    }

    @Test("is the same in a pack with a base, read or not, as in the whole pack", arguments: Case.allCases)
    func withBase(_ kind: Case) async throws {
        let bench = try Workbench()
        let here = bench.path("caches/mod").string
        let environment = GoEnvironment(variables: ["GOVERSION": "go1.25.5", "GOOS": "linux"])
        func package(_ name: String, in root: String?, _ number: Int = 0) -> [UInt8] {
            let file = "example.com/x@v1.0.0/\(name)/f.go"
            return PackageContent.archive(
                symbols: ["go:cuinfo.packagename.example.com/x/\(name)"],
                files: [root.map { "\($0)/\(file)" } ?? file],
                rest: [UInt8](String(number).utf8)
            )
        }
        let root: String? =
            switch kind {
            case .elsewhere: "/old/mod"
            case .silent: nil
            case .here: here
            }
        var model = CacheModel()
        for index in 0..<400 { model.addPair("p\(index)", package("p\(index)", in: root)) }
        let base = try await bench.pack(try bench.write(model, to: "caches"), as: "main", to: "main") {
            $0.environment = environment
        }
        let ids = model.files.keys.filter { $0.hasSuffix("-d") }.map { String($0.suffix(66)) }.sorted()
        // The new package stands where it would change the path if the sample were another.
        let content = try #require(
            (0..<10_000).lazy.map { package("new", in: kind == .elsewhere ? here : "/else/mod", $0) }.first {
                let id = "\(ContentHasher.hash($0.span))-d"
                return kind == .elsewhere ? id > ids[300] : id < ids[100]
            }
        )
        model.addPair("new", content)
        try FileManager.default.removeItem(atPath: bench.path("caches").string)
        let caches = try bench.write(model, to: "caches")
        let whole = try await bench.pack(caches, to: "whole") { $0.environment = environment }
        let expected = try await bench.subtract(whole.path, without: base.path, to: "expected").path
        let path = [.elsewhere: "/old/mod", .silent: "/else/mod", .here: here][kind]
        #expect(whole.report.environment["GOMODCACHE"] == path)
        for rechecks in [false, true] {
            let part = try await bench.pack(caches, to: "part \(rechecks)") {
                ($0.environment, $0.bases, $0.rechecks) = (environment, [base.path], rechecks)
            }
            #expect(part.report.environment == whole.report.environment, "rechecks: \(rechecks)")
            #expect(try Files.id(part.path) == Files.id(expected), "rechecks: \(rechecks)")
            #expect((part.report.unread.members >= 400) == !rechecks)
        }
    }
}
