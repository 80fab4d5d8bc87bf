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
}
