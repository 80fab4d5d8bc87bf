import SystemPackage
import Testing

@testable import CacheStore

@Suite("The versions of Go in a cache")
struct BuilderVersionsTests {
    @Test("are those of packages that were used, and no others; damaged entries tell nothing")
    func versions() throws {
        let bench = try Workbench()
        var model = CacheModel()
        for (name, version) in [("new", "go1.99.1"), ("idle", "go1.98"), ("damaged", "go1.97")] {
            let head = "!<arch>\n" + String(repeating: " ", count: 60)
            let text = head + "go object linux amd64 \(version) GOAMD64=v1 X:none\nbuild id \"\"\n"
            let output = model.addOutput(Array(text.utf8))
            model.addAction(CacheModel.id(name), output: output, size: text.utf8.count)
        }
        model.addPair("text", Array("no package\n".utf8))
        let caches = try bench.write(model, to: "job")
        let path = try #require(caches.buildCache)
        func entry(_ name: String) -> FilePath {
            bench.path("job/\(CacheModel.action(CacheModel.id(name)))")
        }
        try Files.setTime(1000, of: entry("idle").string)
        try Files.write(Array("v1 \n".utf8), to: entry("damaged"))
        #expect(try BuilderVersions.found(in: path, usedBy: .marked(since: 2000)) == ["go1.99.1"])
        #expect(try BuilderVersions.found(in: path, usedBy: .marked(since: 500)) == ["go1.99.1", "go1.98"])
        // A log names entries whatever their times, and also entries that are no packages or not there.
        let logged = EntryUse.logged(Set(["idle", "damaged", "text", "absent"].map(CacheModel.id)))
        #expect(try BuilderVersions.found(in: path, usedBy: logged) == ["go1.98"])
    }
}
