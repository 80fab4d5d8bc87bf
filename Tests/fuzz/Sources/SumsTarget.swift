import FoundationEssentials

@testable import CacheStore

/// Text that Go writes: `go.sum`, `go.mod`, `.info`, `.ziphash`, lists of versions, answers of
/// `go env -json`, and files of settings.
struct SumsTarget: FuzzTarget {
    func run(_ bytes: [UInt8]) {
        runSums(bytes)
        runNames(String(decoding: bytes, as: UTF8.self))
        runEnvironment(bytes)
        if let id = ModuleHash.id(ofZiphash: bytes) {
            expect(Array(ModuleHash.text(of: id).utf8) == bytes, "a hash that was written is another one")
        }
        if let module = ModuleKey("example.com/m@v1.0.0") { _ = ModuleInfo.fault(in: bytes, of: module) }
        for requirement in ModFile(bytes).required { _ = requirement.key }
    }

    private func runSums(_ bytes: [UInt8]) {
        let sums = SumLines(bytes)
        let text = sums.lines.flatMap { (line: [UInt8]) -> [UInt8] in line + [0x0A] }
        let again = SumLines(text)
        expect(again == sums && again.digest == sums.digest, "lines that were written are others")
        let reversed = SumLines(
            sums.lines.reversed().flatMap { (line: [UInt8]) -> [UInt8] in line + [0x0D, 0x0A] }
        )
        // Go refuses all other lines, so it does not matter here that their ends count.
        let areLines = sums.lines.allSatisfy { line in
            line.split(separator: 0x20).count == 3 && line.allSatisfy { $0 >= 0x20 }
        }
        if areLines { expect(reversed.digest == sums.digest, "the order of lines counts") }
        var modules = ModuleSums()
        modules.add(sums)
        for module in modules.all {
            expect(ModuleKey(module.text) == module, "a name that was read is no name")
            expect(ModuleKey.escape(module.unescaped) == module.text, "`\(module.text)` is escaped otherwise")
        }
    }

    private func runNames(_ text: String) {
        if let key = ModuleKey(text) {
            expect(!key.text.hasPrefix("/") && !key.text.contains("..") || !key.text.contains("/../"), text)
            expect("\(key.path)@\(key.version)" == key.text, "`\(text)` is not its parts")
        }
        let names = text.split(separator: "\n").map(String.init)
        let list = VersionList.bytes(for: names)
        let versions = String(decoding: list, as: UTF8.self).split(separator: "\n").map { "\($0).mod" }
        expect(VersionList.bytes(for: versions.reversed()) == list, "versions are in no order")
        for flag in names.prefix(4) {
            let flags = GoFlags.decisive(of: flag)
            expect(GoFlags.decisive(of: flags) == flags, "flags that were written are others")
        }
    }

    private func runEnvironment(_ bytes: [UInt8]) {
        let settings = GoSettingsFile(String(decoding: bytes, as: UTF8.self))
        _ = (settings["GOFLAGS"], settings.text(without: "GOCACHEPROG"))
        _ = OSRelease.prettyName(in: String(decoding: bytes, as: UTF8.self))
        // The answer of `go env -json` is read in this way, and then compared with others.
        let answer = try? JSONDecoder().decode([String: String].self, from: Data(bytes))
        guard let answer else { return }
        let environment = GoEnvironment(variables: answer)
        let source = Source(label: "a", environment: environment, digest: digest(bytes))
        let findings = Compatibility.findings(for: [source], at: environment)
        expect(findings.allSatisfy { !$0.code.rawValue.isEmpty }, "a finding has no code")
        var other = environment
        other.variables["GOARCH"] = "riscv64"
        _ = Compatibility.findings(for: [source], at: other)
        _ = Compatibility.warnings(for: [source], restoredTo: other)
    }
}
